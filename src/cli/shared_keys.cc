#include "cli/shared_keys.h"

namespace signet::cli {
namespace {

json::Array* keys_of(json::Object& document) {
  json::Value* access = document.find("access_token");
  json::Object* members = access ? access->if_object() : nullptr;
  json::Value* jwks = members ? members->find("jwks") : nullptr;
  json::Object* set = jwks ? jwks->if_object() : nullptr;
  json::Value* keys = set ? set->find("keys") : nullptr;
  return keys ? keys->if_array() : nullptr;
}

bool is_known(const json::Value& kid, const json::Object& document) {
  json::Object copy = document;
  const json::Array* keys = keys_of(copy);
  if (!keys) return false;
  for (const auto& key : *keys) {
    const json::Value* other = key.get("kid");
    if (other && *other == kid) return true;
  }
  return false;
}

}  // namespace

json::Object without_shared_keys(json::Object document, const json::Object* known) {
  json::Array* keys = keys_of(document);
  if (!keys) return document;
  for (auto& key : *keys) {
    json::Object* members = key.if_object();
    if (!members || !members->find("k")) continue;
    const json::Value* kid = members->find("kid");
    if (!known || (kid && is_known(*kid, *known))) members->erase("k");
  }
  return document;
}

bool has_shared_keys(const json::Object& document) {
  json::Object copy = document;
  const json::Array* keys = keys_of(copy);
  if (!keys) return false;
  for (const auto& key : *keys)
    if (key.get("k")) return true;
  return false;
}

}  // namespace signet::cli
