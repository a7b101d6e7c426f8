#pragma once
// The kids that an operator chose for keys of a store.

#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "secrets/secret.h"

namespace signet::secrets {

/// What is wrong with a kid that somebody chose, in words; it stands in tokens, in logs and on
/// command lines. Empty: nothing.
std::string_view fault_of_kid(std::string_view kid);

/// The kid of the key behind each of these aliases. Asymmetric keys alone: the journal remembers
/// nothing of the others by which it could tell that a kid is another key's.
class ChosenKids {
 public:
  ChosenKids() = default;
  explicit ChosenKids(std::map<Alias, KeyId> by_alias) : by_alias_(std::move(by_alias)) {}

  const std::map<Alias, KeyId>& all() const { return by_alias_; }
  /// Of what a store answered for the alias: the key takes its kid. What cannot have one stays as
  /// it is, see why_unnamed().
  void name(const Alias& alias, std::vector<Secret>& answered) const;
  void name(const Alias& alias, Secret& answered) const;

 private:
  std::map<Alias, KeyId> by_alias_;
};

/// What keeps the answer of a store from having a kid that was chosen, in words; empty: nothing.
std::string_view why_unnamed(const std::vector<Secret>& answered);

}  // namespace signet::secrets
