#include "admin/sealed_keys.h"

#include <algorithm>

#include "admin/handlers.h"
#include "base/text.h"

namespace signet::admin {
namespace {

constexpr std::size_t kKeysInWords = 5;

std::string store_failure(const AdminServices::StoreInfo& store, const Error& error) {
  std::string out = "store " + store.name;
  if (!store.realm.empty()) out.append(" of realm ").append(store.realm.view());
  return out.append(" (").append(error.reason).append(": ").append(error.detail).append(")");
}

storage::Document store_key(const AdminServices::StoreInfo& store, const Alias& alias) {
  std::string id = store.name;
  id.append("/").append(alias.view());
  return {kStoreKeyKind, store.realm, std::move(id), "", 0};
}

Error store_key_needed(const std::string& id, const SealedSurvey::OfKey& keys) {
  std::vector<std::string> first;
  for (const auto& document : keys.first) {
    if (first.size() == kKeysInWords) break;
    std::string words = quoted(document.id);
    if (!document.realm.empty()) words.append(" of realm ").append(quoted(document.realm.view()));
    first.push_back(std::move(words));
  }
  std::string detail = std::to_string(keys.count) + " keys that secret stores made are sealed ";
  detail.append("under the key with the id ").append(id);
  detail.append(", which this server does not have: ").append(join(first, ", "));
  if (keys.count > first.size()) detail.append(" and others");
  detail.append(
      ". Put it back behind the first one (what DATA_DIR/master.key sealed opens where "
      "encryption_keys names that file too) and run signet seal renew. No new keys are made in "
      "their "
      "place: if it is gone for good, see docs/operations.md, back-up and recovery");
  return {Code::kConfig, "encryption_key_needed", std::move(detail)};
}

}  // namespace

Task<SealedKeysSurvey> survey_sealed_keys(std::vector<AdminServices::StoreInfo> stores) {
  SealedKeysSurvey survey;
  for (const auto& store : stores) {
    if (!store.sealing) continue;
    const auto keys = co_await store.sealing->sealed();
    if (!keys.ok()) {
      survey.unread.push_back(store_failure(store, keys.error()));
      continue;
    }
    for (const auto& key : *keys) {
      if (key.in_clear) {
        survey.in_clear.push_back(store_key(store, key.alias));
        continue;
      }
      auto& of_key = survey.sealed.by_key[key.key_id];
      if (++of_key.count <= kMostShown) of_key.first.push_back(store_key(store, key.alias));
    }
  }
  co_return survey;
}

Task<Done> check_sealed_keys(std::vector<AdminServices::StoreInfo> stores,
                             std::shared_ptr<const secrets::EncodingKeys> keys,
                             std::vector<std::string> lost) {
  const auto ours = keys->keys();
  CO_TRY(const SealedKeysSurvey survey, co_await survey_sealed_keys(std::move(stores)));
  for (const auto& [id, of_key] : survey.sealed.by_key) {
    if (id.empty() || std::find(lost.begin(), lost.end(), id) != lost.end()) continue;
    const bool is_known =
        std::any_of(ours.begin(), ours.end(), [&id = id](const auto& key) { return key.id == id; });
    if (!is_known) co_return store_key_needed(id, of_key);
  }
  co_return Done{};
}

Task<SealedKeysRenewal> renew_sealed_keys(std::vector<AdminServices::StoreInfo> stores) {
  SealedKeysRenewal renewal;
  for (const auto& store : stores) {
    if (!store.sealing) continue;
    const auto count = co_await store.sealing->renew_sealed();
    if (count.ok()) {
      renewal.count += *count;
    } else {
      renewal.failures.push_back(store_failure(store, count.error()));
    }
  }
  co_return renewal;
}

}  // namespace signet::admin
