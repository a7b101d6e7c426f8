#include "secrets/keeper/version_order.h"

#include <algorithm>

namespace signet::secrets {
namespace {

const RingEntry* entry_of(const LiveRing& ring, const Secret& version) {
  const auto found =
      std::find_if(ring.entries.begin(), ring.entries.end(),
                   [&](const RingEntry& entry) { return entry.secret.kid == version.kid; });
  return found == ring.entries.end() ? nullptr : &*found;
}

}  // namespace

Task<std::string> version_to_follow(std::shared_ptr<Store> store, Alias alias, std::string active,
                                    const LiveRing* ring) {
  CO_TRY(const std::vector<Secret> versions, co_await store->fetch(std::move(alias)));
  if (versions.empty()) co_return active;
  const Secret& newest = versions.front();
  const bool is_served = ring != nullptr && entry_of(*ring, newest) != nullptr;
  co_return is_served ? active : newest.version;
}

bool has_successor(const LiveRing& ring, const std::vector<Secret>& versions,
                   const std::string& after) {
  for (const auto& version : versions) {
    if (version.version == after) return false;
    const RingEntry* entry = entry_of(ring, version);
    const bool is_it = entry != nullptr &&
                       (entry->state == KeyState::kPrepared || entry->state == KeyState::kActive);
    if (is_it) return true;
  }
  return false;
}

}  // namespace signet::secrets
