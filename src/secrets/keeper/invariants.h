#pragma once
// What must hold of keys at every moment, checked on what storage remembers.

#include <map>
#include <string>
#include <vector>

#include "secrets/keeper/keeper.h"
#include "secrets/rotation.h"
#include "storage/storage.h"

namespace signet::secrets {

/// One claim with what speaks against it; holds where nothing does.
struct Invariant {
  std::string name;
  std::vector<std::string> violations;  ///< in words, at most kMostViolations of them
  std::size_t count = 0;                ///< of all violations
  std::size_t checked = 0;              ///< of how many things
  bool holds() const { return count == 0; }
  void violated(std::string how);
};
inline constexpr std::size_t kMostViolations = 20;

/// "one_active_key": at most one for an ID and realm. "lives_are_whole": the state and times of
/// each key fit each other.
void check_records(const std::vector<storage::KeyRecord>& records, Invariant& one_active,
                   Invariant& lives);

/// "degraded_is_shown", of keys: a ring that does not hold a key whose tokens may live by what
/// storage remembers (or no more of it than the public half from there) says that it is degraded.
/// `records` of any realm; only rings of the same realm are looked at.
void check_missed_keys(const std::vector<storage::KeyRecord>& records,
                       const std::vector<std::shared_ptr<const LiveRing>>& rings,
                       const RotationPolicy& policy, Instant now, Invariant& shown);

/// What a store said when it was asked past all caches.
struct StoreAnswered {
  StoreName name;
  RealmName realm;  ///< empty: a global one
  Status outcome = Done{};
};
/// "degraded_is_shown", of stores: one that cannot be reached is not shown as well.
void check_outages(const std::vector<StoreAnswered>& answers,
                   const std::vector<StoreHealth>& health, Invariant& shown);

/// Follows the audit trail in its order. "life_paths": each key's events are a path through
/// prepared, active, passive, retired; never back but by publishing it anew, and from compromised
/// only by its undoing. "activations_waited": no key signed before it was published for as long as
/// was due, unless it was the first of its ID, forced, or marked as early.
class LifePaths {
 public:
  void add(const storage::AuditEvent& event);
  Invariant paths{.name = "life_paths", .violations = {}};
  Invariant waits{.name = "activations_waited", .violations = {}};

 private:
  struct Life {
    KeyState state = KeyState::kPrepared;
    Instant published{};
  };
  using Ring = std::pair<std::string, std::string>;  ///< realm and ID
  std::map<Ring, std::map<std::string, Life>> lives_;
};

}  // namespace signet::secrets
