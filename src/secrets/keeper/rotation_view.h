#pragma once
// How a rule of planned rotation stands at a moment: its keys, what is next, what is in the way.

#include <memory>
#include <vector>

#include "secrets/keeper/keeper.h"
#include "secrets/rotation_schedule.h"

namespace signet::secrets {

/// What is waited for longer than this is told as a failure.
inline constexpr Seconds kRotationPatience{3600};

struct RotationView {
  std::shared_ptr<Store> store;  ///< the rule's; null: there is none
  RealmRingsPtr rings;
  const LiveRing* ring = nullptr;  ///< in `rings`
  std::vector<ScheduledKey> keys;
  bool by_versions = false;  ///< the store orders its keys by versions of its own
  Status possible = Done{};  ///< what is in the way of every step
  RotationStep step;
};

bool rotates_by_versions(const Store* store);

/// What the configuration forbids whatever keys there are: the rule's `store` makes none, or no
/// versions so long ahead. kUnsupported "store_makes_no_keys", kConfig "store_versions_few",
/// "rotation_ahead_unsupported". Asks nobody.
Status may_rotate(const RotationRule& rule, const std::shared_ptr<Store>& store,
                  const RotationPolicy& policy);

/// On the rings as they are. Never fails; what is wrong is in `possible`.
Task<RotationView> look_at_rule(std::shared_ptr<Keeper> keeper, RotationRule rule,
                                RotationMemory memory, Instant now);

/// On fresh rings, for what must not be decided by old ones; a step that makes a version knows then
/// which one it is to follow. Fails as Keeper::refresh().
Task<RotationView> look_again(std::shared_ptr<Keeper> keeper, RotationRule rule,
                              RotationMemory memory, Instant now);

}  // namespace signet::secrets
