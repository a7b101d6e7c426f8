#pragma once

#include <set>

#include "simulator/instance.h"

namespace signet::simulator {

/// A relying party that keeps the JWKS of a realm for as long as it was allowed to, and asks no
/// sooner.
struct Verifier {
  RealmName realm;
  Milliseconds fetched{-1}, until{-1};
  std::string from;
  std::set<KeyId> kids;

  bool has_jwks(Milliseconds now) const { return now < until; }
  void fetch(const Instance& instance, Milliseconds now, Seconds keeps);
};

/// A living token: what it names and when it ends by the clock that made it.
struct Token {
  RealmName realm;
  secrets::SecretId id;
  KeyId kid;
  auto operator<=>(const Token&) const = default;
};

/// The kids of what an instance would publish for the realm.
std::set<KeyId> published_kids(const Instance& instance, const RealmName& realm);

}  // namespace signet::simulator
