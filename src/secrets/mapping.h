#pragma once

#include <string>
#include <vector>

#include "base/json.h"
#include "base/strong.h"
#include "secrets/secret_id.h"

namespace signet::secrets {

/// In one store: a secret ID and its ordered aliases; the first is active. At least one, no
/// repeats.
struct Mapping {
  SecretId id;
  std::vector<Alias> aliases;

  /// "mapping_malformed"; versioned stores take exactly one alias: "mapping_one_alias".
  static Result<Mapping> make(SecretId id, std::vector<Alias> aliases, bool store_is_versioned);
  /// {"secretId": "...", "aliases": ["a","b"]}
  static Result<Mapping> from_json(const json::Object& object, bool store_is_versioned);
  json::Object to_json() const;
};

/// An alias that is mapped to a signing ID and to one that encrypts or decrypts (SP 800-57 §5.2).
struct SharedAlias {
  Alias alias;
  SecretId signing, encryption;
};
/// All of them among the mappings of one store, each alias once.
std::vector<SharedAlias> aliases_of_two_purposes(const std::vector<Mapping>& mappings);
/// "mapping_two_purposes", naming the first such alias; `allow` is the switch for legacy set-ups.
Status refuse_two_purposes(const std::vector<Mapping>& mappings, bool allow);

}  // namespace signet::secrets
