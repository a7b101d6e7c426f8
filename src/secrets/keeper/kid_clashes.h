#pragma once
// The keys of a realm that share a kid.

#include <memory>
#include <vector>

#include "secrets/keeper/live_ring.h"
#include "secrets/kid_clash.h"

namespace signet::secrets {

/// Of the rings of one realm: different keys under one kid that its rings serve, and keys that are
/// left out of a ring of its own for that reason. What only global rings have to do with is told
/// for those.
std::vector<KidClash> kid_clashes(const RealmName& realm,
                                  const std::vector<std::shared_ptr<const LiveRing>>& rings);

}  // namespace signet::secrets
