#pragma once
// Keys that somebody else may have. What is listed here signs and verifies nothing any more, in no
// realm, under no secret ID and under no other name.

#include <map>
#include <optional>
#include <string>
#include <vector>

#include "async/task.h"
#include "secrets/keeper/kinds.h"
#include "secrets/secret.h"
#include "storage/storage.h"

namespace signet::secrets {

struct CompromisedKey {
  KeyId kid;
  KeyId material;  ///< what its kid would be if nobody had chosen one: tells the same key again
  Instant since{};
};

/// The list as storage holds it. One task at a time may load it; copies are plain values.
class CompromisedKeys {
 public:
  /// What could not be read leaves the list as it was.
  Task<Done> load(std::shared_ptr<storage::Storage> storage);
  bool is_loaded() const { return is_loaded_; }
  bool empty() const { return by_material_.empty(); }

  /// Null if the secret is not on the list, by its kid or by its material.
  const CompromisedKey* find(const Secret& secret) const;
  const CompromisedKey* find(const KeyId& kid, const KeyId& material) const;
  /// Under which kids the key of this kid and material is on the list; empty if it is not.
  std::vector<KeyId> reported_as(const KeyId& kid, const KeyId& material) const;
  /// "key_compromised", naming the key and since when; success if it is not on the list.
  Status check(const Secret& secret) const;

  static KeyId material_of(const jose::Jwk& jwk);
  static storage::Change put(const CompromisedKey& key, const std::string& actor);

 private:
  bool is_loaded_ = false;
  std::map<KeyId, CompromisedKey> by_kid_, by_material_;
};

/// The words for it.
Error key_compromised(const CompromisedKey& key);

}  // namespace signet::secrets
