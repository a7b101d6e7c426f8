#pragma once
// The life of a key, as pure functions: prepared → active → passive → retired (keys.md, "Rotation
// without downtime"). Two inequalities hold by construction:
//   a key signs only after it was published for a JWKS cache life (activation_at);
//   a key goes only after the last token it made is dead (retirement_at).

#include <optional>
#include <string>
#include <vector>

#include "base/clock.h"
#include "base/strong.h"
#include "secrets/secret.h"

namespace signet::secrets {

/// kCompromised: somebody else may have it. Like a retired key it is gone; nothing but an explicit,
/// audited undo (which retires it) changes that.
enum class KeyState : std::uint8_t { kPrepared, kActive, kPassive, kRetired, kCompromised };
/// Whether a key of this state is in no ring: retired or compromised.
bool is_gone(KeyState state);
std::string_view to_string(KeyState state);
std::optional<KeyState> parse_key_state(std::string_view text);

/// What is remembered of one key under one ID, over restarts (storage::KeyRecord carries it).
struct KeyHistory {
  KeyId kid;
  KeyState state = KeyState::kPrepared;
  std::optional<Instant> published{}, activated{}, deactivated{};
  std::optional<Instant> retired{};  ///< or reported compromised
  Instant horizon{};                 ///< no living token of this key expires later

  friend bool operator==(const KeyHistory&, const KeyHistory&) = default;
};

struct RotationPolicy {
  Seconds publish_ahead{600};  ///< a key is published at least this long before it signs
  Seconds clock_skew{60};
  /// By how much the wall clock is not to be believed yet (SettledClock): what ends, ends later.
  Milliseconds clock_ahead{0};
  /// Cache-Control max-age of the JWKS: at most half of publish_ahead.
  Seconds jwks_max_age() const { return publish_ahead / 2; }
  /// So long after the first key of a JWKS its copies are good for one use, and the first keys of
  /// other IDs sign at once: a server whose stores answer one after the other starts like one.
  static constexpr Seconds kFirstStart{30};
};

/// From active to passive. The clock of the instance that activated it may have been ahead of ours:
/// a key is never passive before it was active.
void deactivate(KeyHistory& key, Instant now);

/// The earliest moment at which a key published at `published` may sign.
Instant activation_at(Instant published, const RotationPolicy& policy);
/// The earliest moment at which a key may go: its horizon plus the skew.
Instant retirement_at(const KeyHistory& key, const RotationPolicy& policy);

/// When a key is no longer needed by anybody, and a lost one forgotten: its tokens are dead, and so
/// is every copy of the JWKS from the time it was active (an encryption key in a cache is still
/// encrypted to).
Instant forgotten_at(const KeyHistory& key, const RotationPolicy& policy);

/// What should be, given what the stores hold (`ordered`, first = wanted active) and what is
/// remembered.
struct Lineup {
  /// Active first, then the rest of `ordered`, then keys that the stores lost but living tokens
  /// need (public halves only). Empty if there is none.
  std::vector<KeyId> order;
  std::optional<KeyId> active;  ///< the one that signs now
  /// Wanted active, but not yet published for long enough, or not by every live instance.
  std::optional<KeyId> waiting;
  std::optional<Instant> waiting_until;
  /// Remembered keys that the stores no longer hold, whose tokens still live.
  std::vector<KeyId> lost;
  /// Nothing else could sign, so a key signs that was not yet published for long enough.
  bool activated_early = false;
  std::vector<KeyHistory> changes;  ///< histories to write before the lineup is used
};

/// What others may hold: the live instances of a cluster, and those who verify.
struct Neighbours {
  /// Not published by all of them for long enough yet: these wait like those that were not
  /// published for long enough.
  std::vector<KeyId> unready;
  /// Published by one of them: these keep their publication although they are not seen here.
  std::vector<KeyId> publish;
  /// Copies of a JWKS are in use that was made before this ID had a key.
  bool has_stale_jwks = false;
};

/// `ordered`: kids in the order of the stores. `verify_only`: those of them whose private half is
/// not there. The first key of an ID signs at once where nobody can hold a JWKS without it; where
/// somebody may, it waits like any other, and nothing signs until then. A wanted key that was not
/// published for long enough waits while the last active one signs on; when that one cannot, the
/// first that was published for long enough does; failing that, the wanted one. A kid that was
/// retired never comes back by itself. A prepared key that vanishes loses its publication. A lost
/// key is retired once its tokens and the caches of its JWKS are dead.
Lineup line_up(const std::vector<KeyId>& ordered, const std::vector<KeyHistory>& histories,
               const RotationPolicy& policy, Instant now,
               const std::vector<KeyId>& verify_only = {}, const Neighbours& neighbours = {});

/// Why a step is refused, in words with the seconds left, or nothing if it is safe:
/// "activation_too_early", "activation_unready", "activation_of_retired", "key_compromised";
/// "retirement_too_early", "retirement_of_active". `missing`: the live instances that do not
/// publish the key yet, in words.
std::optional<Error> refuse_activation(const KeyHistory& key, const RotationPolicy& policy,
                                       Instant now, const std::vector<std::string>& missing = {});
std::optional<Error> refuse_retirement(const KeyHistory& key, const RotationPolicy& policy,
                                       Instant now);

}  // namespace signet::secrets
