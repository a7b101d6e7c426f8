#include "resource_servers/document.h"

#include <algorithm>

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

bool is_same_member(const json::Value& a, const json::Value& b, std::string_view name) {
  const json::Value* of_a = a.get(name);
  const json::Value* of_b = b.get(name);
  return of_a && of_b ? *of_a == *of_b : of_a == of_b;
}

bool is_same_without_material(const json::Value& known, const json::Value& shown) {
  const json::Object& members = *known.if_object();
  return members.size() == shown.if_object()->size() + 1 &&
         std::all_of(members.begin(), members.end(), [&](const auto& member) {
           return member.first == "k" || is_same_member(known, shown, member.first);
         });
}

// The one of its kid. Where several have that kid, or none, only what is the same in every other
// member is the same key.
const json::Value* material_of(json::Object& document, const json::Value& shown) {
  const json::Array* keys = keys_of(document);
  if (!keys) return nullptr;
  const json::Value *of_kid = nullptr, *same = nullptr;
  std::size_t count = 0, same_count = 0;
  for (const auto& key : *keys) {
    if (!is_symmetric(key) || !is_same_member(key, shown, "kid")) continue;
    ++count;
    of_kid = &key;
    if (!is_same_without_material(key, shown)) continue;
    ++same_count;
    same = &key;
  }
  if (same_count == 1) return same->get("k");
  return count == 1 ? of_kid->get("k") : nullptr;
}

}  // namespace

Result<json::Object> with_known_keys(json::Object document, const json::Object* before) {
  json::Array* keys = keys_of(document);
  if (!keys) return document;
  json::Object known = before ? *before : json::Object();
  for (auto& key : *keys) {
    if (!is_symmetric(key) || key.get("k")) continue;
    const json::Value* material = material_of(known, key);
    if (!material) {
      const json::Value* kid = key.get("kid");
      const bool is_named = kid && kid->if_string();
      return Error{Code::kInvalid, "resource_server_key_missing",
                   (is_named ? "the symmetric key " + quoted(*kid->if_string())
                             : std::string("a symmetric key without a kid")) +
                       " has no 'k', and this resource server has no such key or several: give its "
                       "'k'"};
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
  const json::Value* sealed = sealed_keys_in(stored);
  if (!sealed || !sealed->if_string()) return stored;
  TRY(const SecretBytes plain, unseal(*sealed->if_string()));
  TRY(json::Object jwks, json::parse_object(as_text(plain.view())));
  json::Object* access = access_token(stored);
  access->erase(kSealed);
  access->set("jwks", std::move(jwks));
  return stored;
}

json::Value* sealed_keys_in(json::Object& stored) {
  json::Object* access = access_token(stored);
  return access ? access->find(kSealed) : nullptr;
}

json::Object shown(json::Object document) {
  if (json::Array* keys = keys_of(document)) {
    for (auto& key : *keys)
      if (is_symmetric(key)) key.if_object()->erase("k");
  }
  return document;
}

}  // namespace signet::resource_servers
