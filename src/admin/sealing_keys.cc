#include "admin/sealing_keys.h"

#include <algorithm>

#include "admin/sealed_values.h"
#include "base/json_members.h"
#include "base/log.h"
#include "base/text.h"
#include "secrets/keeper/kinds.h"

namespace signet::admin {
namespace {

constexpr std::size_t kValuesInWords = 5;

template <class Key>
bool has_key(const std::vector<Key>& keys, std::string_view id) {
  return std::any_of(keys.begin(), keys.end(), [&](const Key& key) { return key.id == id; });
}

bool has_id(const std::vector<std::string>& ids, std::string_view id) {
  return std::find(ids.begin(), ids.end(), id) != ids.end();
}

// All at once: a start that knows some asks for no others. Another instance may write the same.
Task<Done> register_sealing_keys(std::shared_ptr<storage::Storage> storage,
                                 std::vector<SealingKey> keys) {
  storage::Transaction transaction;
  for (const auto& key : keys)
    transaction.emplace_back(registration_of(key));
  if (transaction.empty()) co_return Done{};
  co_return co_await storage->commit(std::move(transaction));
}

// Whether another instance says that it seals with the key. One that is dead may say so too.
Task<bool> is_sealed_with(std::shared_ptr<storage::Storage> storage, std::string id) {
  CO_TRY(const auto instances,
         co_await storage::all_documents(storage, secrets::kInstanceKind, RealmName()));
  for (const auto& document : instances) {
    const auto members = json::parse_object(document.text);
    if (!members.ok() || json::flag_in(*members, "left")) continue;
    const json::Value* keys = members->find("sealing_keys");
    const json::Array* ids = keys ? keys->if_array() : nullptr;
    const std::string* first = ids && !ids->empty() ? ids->front().if_string() : nullptr;
    if (first && *first == id) co_return true;
  }
  co_return false;
}

std::string sealed_document_words(const storage::Document& document) {
  std::string words = document.kind == "client" ? "the client " : "the resource server's key ";
  if (document.kind == "resource_server") words = "the resource server ";
  return words + quoted(document.id) + " in realm " + quoted(document.realm.view());
}

Error sealing_key_needed(const SealingKey& key, const SealedSurvey::OfKey& values) {
  std::vector<std::string> first;
  for (const auto& document : values.first) {
    if (first.size() < kValuesInWords) first.push_back(sealed_document_words(document));
  }
  std::string detail = std::to_string(values.count) + " stored values are sealed under the key ";
  if (!key.name.empty()) detail += quoted(key.name) + ' ';
  detail +=
      "with the id " + key.id + ", which this server does not have: those of " + join(first, ", ");
  if (values.count > first.size()) detail += " and others";
  detail +=
      ". Put it back behind the first one (what DATA_DIR/master.key sealed opens where "
      "encryption_keys names that file too) and run signet seal renew. If it is gone for good, its "
      "id in lost_encryption_keys lets the server start without these values";
  return {Code::kConfig, "encryption_key_needed", std::move(detail)};
}

}  // namespace

Task<std::vector<RegisteredSealingKey>> registered_sealing_keys(
    std::shared_ptr<storage::Storage> storage) {
  CO_TRY(const auto documents,
         co_await storage::all_documents(storage, kSealingKeyKind, RealmName()));
  std::vector<RegisteredSealingKey> keys;
  for (const auto& document : documents) {
    const auto text = json::parse_object(document.text);
    RegisteredSealingKey key;
    key.id = document.id;
    if (text.ok()) key.name = json::text_in(*text, "name");
    key.revision = document.revision;
    keys.push_back(std::move(key));
  }
  co_return keys;
}

storage::PutDocument registration_of(const SealingKey& key) {
  json::Object text;
  text.set("name", key.name);
  storage::PutDocument put;
  put.document = {kSealingKeyKind, RealmName(), key.id, json::dump(text), 0};
  return put;
}

Task<Done> forget_sealing_key(std::shared_ptr<storage::Storage> storage, RegisteredSealingKey key) {
  storage::EraseDocument erase;
  erase.kind = kSealingKeyKind;
  erase.id = key.id;
  erase.expected = key.revision;
  storage::Transaction transaction;
  transaction.emplace_back(std::move(erase));
  auto erased = co_await storage->commit(std::move(transaction));
  if (!erased.ok() && !erased.error().is("revision_conflict")) co_return std::move(erased).error();
  co_return Done{};
}

Task<Done> check_sealing_keys(std::shared_ptr<storage::Storage> storage,
                              std::shared_ptr<const secrets::EncodingKeys> keys,
                              std::vector<std::string> lost, Instant now) {
  const std::vector<SealingKey> ours = keys->keys();
  CO_TRY(const auto registered, co_await registered_sealing_keys(storage));
  std::vector<RegisteredSealingKey> missing;
  std::vector<SealingKey> unregistered;
  if (!ours.empty() && !has_key(registered, ours.front().id)) unregistered.push_back(ours.front());
  for (const auto& key : registered) {
    if (!has_key(ours, key.id) && !has_id(lost, key.id)) missing.push_back(key);
  }
  if (registered.empty() || !missing.empty()) {
    CO_TRY(const SealedSurvey survey, co_await survey_sealed_values(storage, now));
    for (const auto& [id, values] : survey.by_key) {
      if (id.empty() || has_id(lost, id)) continue;  // what names no key opens with none
      const auto known = std::find_if(ours.begin(), ours.end(),
                                      [&id = id](const SealingKey& key) { return key.id == id; });
      if (known != ours.end()) {
        if (!has_key(registered, id) && !has_key(unregistered, id)) unregistered.push_back(*known);
        continue;
      }
      const auto registered_as =
          std::find_if(missing.begin(), missing.end(),
                       [&id = id](const RegisteredSealingKey& key) { return key.id == id; });
      SealingKey key;
      key.id = id;
      if (registered_as != missing.end()) key.name = registered_as->name;
      co_return sealing_key_needed(key, values);
    }
    for (const auto& key : missing) {
      CO_TRY(const bool is_in_use, co_await is_sealed_with(storage, key.id));
      if (is_in_use) continue;
      // One that stays known is asked about again at the next start, and nothing worse.
      const auto forgotten = co_await forget_sealing_key(storage, key);
      if (!forgotten.ok()) log::failure("sealing_key_not_forgotten", forgotten.error());
    }
  }
  co_return co_await register_sealing_keys(storage, std::move(unregistered));
}

}  // namespace signet::admin
