#include "secrets/keeper/compromised.h"

#include "base/json_members.h"
#include "base/log.h"
#include "base/text.h"
#include "storage/document_pages.h"

namespace signet::secrets {
namespace {

/// A document that cannot be read still names its kid.
CompromisedKey read(const storage::Document& document) {
  CompromisedKey key;
  key.kid = KeyId(document.id);
  key.material = key.kid;
  const auto parsed = json::parse_object(document.text);
  if (!parsed.ok()) {
    log::failure("compromised_key_unreadable", parsed.error());
    return key;
  }
  if (std::string material = json::text_in(*parsed, "material"); !material.empty())
    key.material = KeyId(std::move(material));
  if (const auto since = json::number_in(*parsed, "since")) key.since = from_unix_seconds(*since);
  return key;
}

}  // namespace

Error key_compromised(const CompromisedKey& key) {
  return {Code::kDenied, "key_compromised",
          "key " + quoted(key.kid.view()) + " was reported compromised at " +
              to_rfc3339(key.since) + " and is used no more"};
}

KeyId CompromisedKeys::material_of(const jose::Jwk& jwk) {
  return jwk.is_symmetric() ? Secret::of_key(jwk).kid : KeyId(jwk.thumbprint());
}

storage::Change CompromisedKeys::put(const CompromisedKey& key, const std::string& actor) {
  storage::PutDocument put;
  put.document.kind = kCompromisedKind;
  put.document.id = key.kid.str();
  json::ObjectWriter(put.document.text)
      .add("material", key.material.view())
      .add("since", unix_seconds(key.since))
      .add("actor", actor)
      .end();
  return put;
}

Task<Done> CompromisedKeys::load(std::shared_ptr<storage::Storage> storage) {
  std::map<KeyId, CompromisedKey> by_kid, by_material;
  storage::DocumentPages pages(std::move(storage), kCompromisedKind, RealmName());
  while (true) {
    CO_TRY(const std::vector<storage::Document> page, co_await pages.next());
    if (page.empty()) break;
    for (const auto& document : page) {
      const CompromisedKey key = read(document);
      by_kid[key.kid] = key;
      by_material[key.material] = key;
    }
  }
  by_kid_ = std::move(by_kid);
  by_material_ = std::move(by_material);
  is_loaded_ = true;
  co_return Done{};
}

const CompromisedKey* CompromisedKeys::find(const KeyId& kid, const KeyId& material) const {
  const auto by_kid = by_kid_.find(kid);
  if (by_kid != by_kid_.end()) return &by_kid->second;
  const auto found = by_material_.find(material);
  return found == by_material_.end() ? nullptr : &found->second;
}

const CompromisedKey* CompromisedKeys::find(const Secret& secret) const {
  if (by_kid_.empty() || !secret.key) return nullptr;
  return find(secret.kid, material_of(secret.key->jwk()));
}

std::vector<KeyId> CompromisedKeys::reported_as(const KeyId& kid, const KeyId& material) const {
  std::vector<KeyId> out;
  const CompromisedKey* found = find(kid, material);
  if (found == nullptr) return out;
  for (const auto& [name, key] : by_kid_) {
    if (key.material == found->material) out.push_back(name);
  }
  return out;
}

Status CompromisedKeys::check(const Secret& secret) const {
  const CompromisedKey* key = find(secret);
  if (key == nullptr) return Done{};
  return key_compromised(*key);
}

}  // namespace signet::secrets
