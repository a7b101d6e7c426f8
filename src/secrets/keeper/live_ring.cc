#include "secrets/keeper/live_ring.h"

#include <algorithm>

namespace signet::secrets {
namespace {

using Rings = std::vector<std::shared_ptr<const LiveRing>>;

/// In what is sorted by id; the end where it is not there.
Rings::const_iterator place_of(const Rings& rings, const SecretId& id) {
  const auto found =
      std::lower_bound(rings.begin(), rings.end(), id,
                       [](const auto& ring, const auto& wanted) { return ring->id < wanted; });
  return found != rings.end() && (*found)->id == id ? found : rings.end();
}

}  // namespace

const RingEntry* LiveRing::first_in(KeyState state) const {
  const auto found = std::find_if(entries.begin(), entries.end(),
                                  [&](const RingEntry& entry) { return entry.state == state; });
  return found == entries.end() ? nullptr : &*found;
}

const RingEntry* LiveRing::find(const KeyId& kid) const {
  const auto found = std::find_if(entries.begin(), entries.end(),
                                  [&](const RingEntry& entry) { return entry.secret.kid == kid; });
  return found == entries.end() ? nullptr : &*found;
}

bool LiveRing::signs_early(const RotationPolicy& policy, Instant now) const {
  const RingEntry* active = activated_early ? first_in(KeyState::kActive) : nullptr;
  return active != nullptr && active->history.published &&
         now < activation_at(*active->history.published, policy);
}

Instant LiveRing::horizon_of(const RingEntry& entry) const {
  const Instant remembered = entry.history.horizon;
  if (entry.state != KeyState::kActive || !active_horizon) return remembered;
  const std::int64_t newest = active_horizon->load();
  return newest == kEndless ? remembered : std::max(remembered, from_unix_seconds(newest));
}

const LiveRing* RealmRings::find(const SecretId& id) const {
  const auto found = place_of(rings_, id);
  return found == rings_.end() ? nullptr : found->get();
}

std::shared_ptr<const LiveRing> RealmRings::share(const SecretId& id) const {
  const auto found = place_of(rings_, id);
  return found == rings_.end() ? nullptr : *found;
}

std::shared_ptr<const LiveRing> RealmRings::own(const RealmName& realm, const SecretId& id) const {
  auto ring = share(id);
  return ring && ring->realm == realm ? ring : nullptr;
}

const Error& RealmRings::why(const SecretId& id) const {
  static const Error unknown{Code::kConfig, "secret_not_mapped",
                             "no store of the realm nor a global one has this secret ID"};
  for (const auto& missing : missing_) {
    if (missing.id == id) return missing.why;
  }
  return unknown;
}

std::optional<Instant> RealmRings::signs_from(const SecretId& id) const {
  for (const auto& missing : missing_) {
    if (missing.id == id) return missing.signs_from;
  }
  return std::nullopt;
}

void RealmRings::lack(const SecretId& id, Error why, std::optional<Instant> signs_from) {
  missing_.push_back({id, std::move(why), signs_from});
}

}  // namespace signet::secrets
