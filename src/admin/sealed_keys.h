#pragma once
// What secret stores keep sealed under the server's own keys because they made it: the keys of
// local stores.

#include "admin/sealed_values.h"

namespace signet::admin {

/// The kind of what the survey counts of stores; its id is "store/alias".
inline constexpr const char* kStoreKeyKind = "store_key";

struct SealedKeysSurvey {
  SealedSurvey sealed;                      ///< by the id of the sealing key, as what storage holds
  std::vector<storage::Document> in_clear;  ///< without texts
  std::vector<std::string> unread;          ///< stores that could not be looked at, and why
};
/// Looks at every store that seals.
Task<SealedKeysSurvey> survey_sealed_keys(std::vector<AdminServices::StoreInfo> stores);

/// At start: every key that a store sealed opens with one of `keys`, or is under one of `lost`.
/// kConfig "encryption_key_needed" names store, aliases and the id of the key that is missing. A
/// store that cannot be looked at says so itself when it is asked for a key.
Task<Done> check_sealed_keys(std::vector<AdminServices::StoreInfo> stores,
                             std::shared_ptr<const secrets::EncodingKeys> keys,
                             std::vector<std::string> lost);

struct SealedKeysRenewal {
  std::size_t count = 0;
  std::vector<std::string> failures;  ///< stores that could not write, and why
};
/// Has every store seal anew what is not under the first key, and what is in clear.
Task<SealedKeysRenewal> renew_sealed_keys(std::vector<AdminServices::StoreInfo> stores);

}  // namespace signet::admin
