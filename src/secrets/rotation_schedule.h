#pragma once
// Automatic rotation as a pure function: which step of which key is due. The runner in
// secrets/keeper does what is decided here.

#include <optional>
#include <string>
#include <vector>

#include "secrets/rotation.h"

namespace signet::secrets {

/// One row of `keys.rotation`.
struct RotationRule {
  SecretId id;
  RealmName realm;  ///< whose store; empty: a global one
  StoreName store;
  Seconds every{};          ///< a new key is made this long after the last one, and at most this
                            ///< long after the active one began to sign
  Seconds publish_ahead{};  ///< it signs this long after it was published; at least the policy's
  Seconds keep{};           ///< a passive key stays at least this long after it signed
};

/// What storage remembers of a rule, over restarts and for all instances.
struct RotationMemory {
  std::optional<Instant> due{};  ///< when the next key is made; nothing: not known yet
  /// The active key that `due` was reckoned for; empty: not known. Where another one signs, which
  /// the rule did not make, `due` counts for nothing.
  KeyId due_after{};
  std::optional<Alias> making{};   ///< a key is being made under this alias
  std::optional<Alias> pending{};  ///< it was made and does not sign yet
  /// Where the store rotates by versions: the one that was active when a newer one was asked for.
  std::string after{};
  int failures = 0;  ///< in a row
  std::optional<Instant> retry_at{};
  std::string last_error{};
  friend bool operator==(const RotationMemory&, const RotationMemory&) = default;
};

/// A key of the rule's ring that is in the rule's store.
struct ScheduledKey {
  Alias alias;
  KeyHistory history;
  Alias family{};         ///< what its successors are named after; empty: its alias
  std::string version{};  ///< Secret::version
};

struct RotationStep {
  enum class Kind : std::uint8_t {
    kNone,
    kRemember,  ///< only the memory changes
    kMake,      ///< make a key under `alias`, or a version after `before.after`, unless it is
                ///< there, and publish it
    kActivate,
    kRetire,
  };
  Kind kind = Kind::kNone;
  Alias alias{};
  KeyId kid{};  ///< of kActivate: the key
  /// The memory to be stored before the step is done, so that whoever comes after a crash goes on
  /// with the same key instead of making another one.
  RotationMemory before{};
};

/// Whether a failure is still to rest. A rest that ends later than any rest may was written by a
/// clock that was ahead, and counts for nothing.
bool is_resting(const RotationMemory& memory, Instant now);

/// At most one step; `keys` in the order of the ring. Each key that a rule makes is activated
/// before the next one is made. After a failure nothing happens until its time is over. A
/// due time further ahead than `every` (which was longer, or a clock was) is reckoned anew, and so
/// is one for another active key than now (rotated by hand, or compromised): `every` after that
/// one began to sign. A key that was to be made and is not in the ring is not made then.
RotationStep next_rotation_step(const RotationRule& rule, const RotationMemory& memory,
                                const std::vector<ScheduledKey>& keys, const RotationPolicy& policy,
                                Instant now);

/// The same where the store rotates by versions of one alias. A version is published as soon as the
/// store has it and signs when the lineup lets it, so all that is decided here is when to make one;
/// versions that sign no more are the operator's.
RotationStep next_version_step(const RotationRule& rule, const RotationMemory& memory,
                               const std::vector<ScheduledKey>& keys, Instant now);

/// The memory after a step succeeded.
RotationMemory after_step(const RotationRule& rule, const RotationStep& step, Instant now);
/// The memory after a step failed: 1, 2, 4, ... minutes of rest, at most an hour.
RotationMemory after_failure(RotationMemory memory, const Error& error, Instant now);

/// A name for the successor of `alias`: "web" and "web-20260101000000" both give
/// "web-YYYYMMDDhhmmss".
Alias next_alias(const Alias& alias, Instant now);

}  // namespace signet::secrets
