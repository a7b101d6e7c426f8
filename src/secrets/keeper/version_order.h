#pragma once
// Where a ring stands among the versions of a store that orders them itself (Ordering::kByStore).

#include <string>
#include <vector>

#include "secrets/keeper/live_ring.h"

namespace signet::secrets {

/// What VersionMaker::make_version() is to be told so that the version it sees to can sign:
/// `active`, the version that signs; or the newest of `versions`, which is all that the store has,
/// where `ring` (null: nothing signs) does not serve it, since it is compromised, retired, or does
/// not fit the ID. Without this it would pass for the successor for ever.
std::string version_to_follow(const std::vector<Secret>& versions, std::string active,
                              const LiveRing* ring);

/// Whether the ring has a version that waits or signs and that the store, whose `versions` these
/// are, puts before `after`.
bool has_successor(const LiveRing& ring, const std::vector<Secret>& versions,
                   const std::string& after);

}  // namespace signet::secrets
