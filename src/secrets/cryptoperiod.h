#pragma once
// For how long a key may be the active one (SP 800-57 part 1, 5.3.6), as pure functions.

#include <map>
#include <optional>
#include <string_view>
#include <utility>
#include <vector>

#include "secrets/rotation.h"

namespace signet::secrets {

/// How far a key is through its period.
enum class KeyAge : std::uint8_t {
  kFresh,
  kEnding,  ///< three quarters are over: a successor should come
  kOver,
};
std::string_view to_string(KeyAge age);  ///< "fresh", "ending", "over"

/// The period of one active key.
struct Cryptoperiod {
  Instant since;
  Seconds length{};

  Instant ending() const { return since + Milliseconds(length) * 3 / 4; }
  Instant end() const { return since + length; }
  KeyAge age_at(Instant now) const;
  /// How much of it is over: 1 at its end.
  double share_at(Instant now) const;
};

/// One row of `keys.cryptoperiods`.
struct CryptoperiodRule {
  SecretId id;
  RealmName realm;  ///< whose own keys; empty: all keys of the ID that no other rule is about
  Seconds length{};
};

/// The periods of all keys.
class Cryptoperiods {
 public:
  /// Two years: the longest time that SP 800-57 (table 1) suggests for every kind of key that can
  /// be active here. It allows signature keys one to three; symmetric keys, and those that keys are
  /// transported with, two at most.
  static constexpr Seconds kDefault{730 * 86400};

  explicit Cryptoperiods(Seconds longest = kDefault, std::vector<CryptoperiodRule> rules = {});

  /// `realm`: that of the ring, empty for the global one.
  Seconds length(const RealmName& realm, const SecretId& id) const;
  /// Nothing for a key that is not active. It counts from its activation. A key that was active
  /// before counts from its publication, since what is remembered is when it was activated last;
  /// so does one of whose activation nothing is known: it was published when it was first seen.
  std::optional<Cryptoperiod> of(const RealmName& realm, const SecretId& id,
                                 const KeyHistory& key) const;

 private:
  Seconds longest_;
  std::map<std::pair<SecretId, RealmName>, Seconds> own_;
};

}  // namespace signet::secrets
