#include "secrets/keeper/version_order.h"

namespace signet::secrets {

std::string version_to_follow(const std::vector<Secret>& versions, std::string active,
                              const LiveRing* ring) {
  if (versions.empty()) return active;
  const Secret& newest = versions.front();
  const bool is_served = ring != nullptr && ring->find(newest.kid) != nullptr;
  return is_served ? active : newest.version;
}

bool has_successor(const LiveRing& ring, const std::vector<Secret>& versions,
                   const std::string& after) {
  for (const auto& version : versions) {
    if (version.version == after) return false;
    const RingEntry* entry = ring.find(version.kid);
    const bool is_it = entry != nullptr &&
                       (entry->state == KeyState::kPrepared || entry->state == KeyState::kActive);
    if (is_it) return true;
  }
  return false;
}

}  // namespace signet::secrets
