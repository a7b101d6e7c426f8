#pragma once
// The keys under which storage may hold something: each that ever sealed for it is registered there
// until nothing is under it any more, so that a key which is missing is found at start.

#include <memory>
#include <string>
#include <vector>

#include "secrets/stores/encoded_value.h"
#include "storage/storage.h"

namespace signet::admin {

/// One document for each; its id is the key's.
inline constexpr const char* kSealingKeyKind = "sealing_key";

using SealingKey = secrets::EncodingKeys::KeyName;

struct RegisteredSealingKey : SealingKey {
  std::int64_t revision = 0;  ///< grows with each value that is sealed under it (sealed_storage.h)
};

/// In order of id.
Task<std::vector<RegisteredSealingKey>> registered_sealing_keys(
    std::shared_ptr<storage::Storage> storage);
/// The write that registers the key, or says that it is used once more.
storage::PutDocument registration_of(const SealingKey& key);
/// Forgets a key under which no value was found after `key` was read. Done as well where it is used
/// again meanwhile, or where somebody else forgot it: then nothing is changed.
Task<Done> forget_sealing_key(std::shared_ptr<storage::Storage> storage, RegisteredSealingKey key);

/// At start, before anything is sealed: registers the first of `keys`, having found that every
/// value opens with one of them. Values are only read where a key that is registered is not among
/// them, or where none is registered yet. `lost`: ids of keys that are gone for good, whose values
/// nobody asks for. kConfig "encryption_key_needed" names a key that is missing, and values under
/// it.
Task<Done> check_sealing_keys(std::shared_ptr<storage::Storage> storage,
                              std::shared_ptr<const secrets::EncodingKeys> keys,
                              std::vector<std::string> lost, Instant now);

}  // namespace signet::admin
