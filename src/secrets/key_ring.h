#pragma once

#include <atomic>
#include <memory>
#include <span>
#include <vector>

#include "secrets/secret.h"

namespace signet::secrets {

/// What a (realm, secret ID) resolves to at one moment. Immutable: share it between threads; a
/// request takes one and uses it to the end. Never empty. Reading takes no lock and allocates
/// nothing.
class KeyRing {
 public:
  /// `ordered`: usable secrets, active first. kConfig "ring_empty".
  static Result<std::shared_ptr<const KeyRing>> make(SecretId id, std::vector<Secret> ordered);

  const SecretId& id() const { return id_; }
  const Secret& active() const { return secrets_.front(); }   ///< sign and encrypt with this one
  std::span<const Secret> valid() const { return secrets_; }  ///< verify and decrypt, active first
  std::span<const jose::KeyPtr> keys() const { return keys_; }  ///< of valid(), same order
  /// The valid secret of that kid, or null.
  const Secret* find(std::string_view kid) const;

 private:
  KeyRing(SecretId id, std::vector<Secret> secrets);
  SecretId id_;
  std::vector<Secret> secrets_;
  std::vector<jose::KeyPtr> keys_;
};

using KeyRingPtr = std::shared_ptr<const KeyRing>;

}  // namespace signet::secrets
