#include "resource_servers/document.h"

#include "base/text.h"

namespace signet::resource_servers {
namespace {

constexpr std::string_view kSealed = "sealed_jwks";

json::Object* object_in(json::Object& object, std::string_view name) {
  json::Value* value = object.find(name);
  return value ? value->if_object() : nullptr;
}

json::Object* access_token(json::Object& document) {
  return object_in(document, "access_token");
}

json::Array* keys_of(json::Object& document) {
  json::Object* access = access_token(document);
  json::Object* jwks = access ? object_in(*access, "jwks") : nullptr;
  json::Value* keys = jwks ? jwks->find("keys") : nullptr;
  return keys ? keys->if_array() : nullptr;
}

bool is_symmetric(const json::Value& key) {
  const json::Value* kty = key.get("kty");
  const std::string* text = kty ? kty->if_string() : nullptr;
  return text && *text == "oct";
}

bool has_symmetric_keys(json::Object& document) {
  const json::Array* keys = keys_of(document);
  if (!keys) return false;
  for (const auto& key : *keys)
    if (is_symmetric(key)) return true;
  return false;
}

const json::Value* material_of(json::Object& document, const json::Value& kid) {
  const json::Array* keys = keys_of(document);
  if (!keys) return nullptr;
  for (const auto& key : *keys) {
    const json::Value* other = key.get("kid");
    if (is_symmetric(key) && other && *other == kid) return key.get("k");
  }
  return nullptr;
}

}  // namespace

Result<json::Object> with_known_keys(json::Object document, const json::Object* before) {
  json::Array* keys = keys_of(document);
  if (!keys) return document;
  json::Object known = before ? *before : json::Object();
  for (auto& key : *keys) {
    if (!is_symmetric(key) || key.get("k")) continue;
    const json::Value* kid = key.get("kid");
    const json::Value* material = kid ? material_of(known, *kid) : nullptr;
    if (!material) {
      return Error{Code::kInvalid, "resource_server_key_missing",
                   "a symmetric key without 'k' is none that this resource server has"};
    }
    key.if_object()->set("k", *material);
  }
  return document;
}

Result<json::Object> to_stored(json::Object document, const Seal& seal) {
  if (!has_symmetric_keys(document)) return document;
  json::Object* access = access_token(document);
  std::string text = json::dump(*access->find("jwks"));
  auto sealed = seal(as_bytes(text));
  wipe(text);
  if (!sealed.ok()) return std::move(sealed).error();
  access->erase("jwks");
  access->set(kSealed, std::move(*sealed));
  return document;
}

Result<json::Object> from_stored(json::Object stored, const Unseal& unseal) {
  json::Object* access = access_token(stored);
  const json::Value* sealed = access ? access->find(kSealed) : nullptr;
  if (!sealed || !sealed->if_string()) return stored;
  TRY(const SecretBytes plain, unseal(*sealed->if_string()));
  TRY(json::Object jwks, json::parse_object(as_text(plain.view())));
  access->erase(kSealed);
  access->set("jwks", std::move(jwks));
  return stored;
}

json::Object shown(json::Object document) {
  if (json::Array* keys = keys_of(document)) {
    for (auto& key : *keys)
      if (is_symmetric(key)) key.if_object()->erase("k");
  }
  return document;
}

}  // namespace signet::resource_servers
