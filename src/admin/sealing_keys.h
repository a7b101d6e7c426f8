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

/// In order of id.
Task<std::vector<SealingKey>> registered_sealing_keys(std::shared_ptr<storage::Storage> storage);
/// Done as well where it is not registered.
Task<Done> forget_sealing_key(std::shared_ptr<storage::Storage> storage, std::string id);

/// At start, before anything is sealed: registers the first of `keys`, having found that every
/// value opens with one of them. Values are only read where a key that is registered is not among
/// them, or where none is registered yet. `lost`: ids of keys that are gone for good, whose values
/// nobody asks for. kConfig "encryption_key_needed" names a key that is missing, and values under
/// it.
Task<Done> check_sealing_keys(std::shared_ptr<storage::Storage> storage,
                              std::shared_ptr<const secrets::EncodingKeys> keys,
                              std::vector<std::string> lost, Instant now);

}  // namespace signet::admin
