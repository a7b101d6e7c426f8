#include "secrets/keeper/kid_clashes.h"

#include <algorithm>
#include <map>

#include "secrets/keeper/state.h"

namespace signet::secrets {
namespace {

struct Held {
  const LiveRing* ring;
  const Secret* secret;
};

/// Of what is left out of a ring because its kid is another key's.
void add_left_out(const LiveRing& ring, std::vector<KidClash>& out) {
  for (const auto& skipped : ring.skipped) {
    if (!skipped.why.is("kid_reused")) continue;
    KidClash clash;
    clash.kid = skipped.kid;
    const RingEntry* served = ring.find(skipped.kid);
    clash.one.id = ring.id;
    if (served != nullptr) clash.one = KidHolder::of(ring.id, served->secret);
    clash.other = {ring.id, skipped.store_realm, skipped.store, skipped.alias};
    out.push_back(std::move(clash));
  }
}

/// The first of these that clashes with a secret of the ID; null if none does.
const Secret* find_clash(const SecretId& id, const Secret& secret, const SecretId& other_id,
                         const std::vector<Secret>& others) {
  const auto found = std::find_if(others.begin(), others.end(), [&](const Secret& other) {
    return is_kid_clash(id, secret, other_id, other);
  });
  return found == others.end() ? nullptr : &*found;
}

/// The same among the keys of a ring.
Status check_ring(const SecretId& id, const Secret& secret, const LiveRing& ring) {
  for (const auto& entry : ring.entries) {
    if (is_kid_clash(id, secret, ring.id, entry.secret))
      return kid_reused(secret.kid, KidHolder::of(ring.id, entry.secret));
  }
  return Done{};
}

/// Whether a key of a global store stands in the ring that the realm has of the ID.
bool goes_by_global(const RealmName& realm, const RealmRings& rings, const SecretId& id) {
  const auto own = rings.own(realm, id);
  return !own || std::any_of(own->entries.begin(), own->entries.end(), [](const RingEntry& entry) {
    return entry.secret.store_realm.empty() && !entry.secret.store.empty();
  });
}

}  // namespace

std::vector<KidClash> kid_clashes(const RealmName& realm,
                                  const std::vector<std::shared_ptr<const LiveRing>>& rings) {
  std::vector<KidClash> out;
  std::multimap<std::string_view, Held> by_kid;
  for (const auto& ring : rings) {
    const bool is_own = ring->realm == realm;
    if (is_own) add_left_out(*ring, out);
    for (const auto& entry : ring->entries) {
      const Secret& secret = entry.secret;
      if (secret.kid.empty()) continue;
      const auto [first, last] = by_kid.equal_range(secret.kid.view());
      const auto other = std::find_if(first, last, [&](const auto& held) {
        const LiveRing& its = *held.second.ring;
        return (is_own || its.realm == realm) &&
               is_kid_clash(ring->id, secret, its.id, *held.second.secret);
      });
      if (other != last) {
        const Held& held = other->second;
        out.push_back({secret.kid, KidHolder::of(held.ring->id, *held.secret),
                       KidHolder::of(ring->id, secret)});
      }
      by_kid.emplace(secret.kid.view(), Held{ring.get(), &secret});
    }
  }
  return out;
}

std::vector<std::pair<RealmName, KidClash>> Keeper::kid_clashes() const {
  std::vector<std::pair<RealmName, KidClash>> out;
  const auto current = state_->realms.load();
  const RealmRingsPtr global = current->find(RealmName());
  current->for_each([&](const RealmName& name, const RealmRingsPtr& rings) {
    if (!name.empty() && rings == global) return;
    for (const auto& clash : rings->clashes())
      out.emplace_back(name, clash);
  });
  return out;
}

Task<Done> Keeper::State::check_kids(StepRequest step, std::vector<Secret> added,
                                     std::vector<Secret> listed,
                                     std::vector<JournalEntry> entries) {
  if (added.empty()) co_return Done{};
  const auto current = realms.load();
  const RealmRingsPtr rings = current->find(step.realm);
  const Instant now = clock->now();
  for (const auto& secret : added) {
    CO_TRY(check_same_as_remembered(secret, entries));
    if (const Secret* other = find_clash(step.id, secret, step.id, listed))
      co_return kid_reused(secret.kid, KidHolder::of(step.id, *other));
    for (const auto& id : ids_of(step.realm)) {
      if (id == step.id) continue;
      const Found found = find(step.realm, id, now);
      if (const Secret* other = find_clash(step.id, secret, id, found.resolution.ordered))
        co_return kid_reused(secret.kid, KidHolder::of(id, *other));
    }
    // Keys of living tokens that no store holds any more, and global ones of the ID itself.
    if (rings) {
      for (const auto& ring : rings->all()) {
        CO_TRY(check_ring(step.id, secret, *ring));
      }
    }
    if (step.realm.empty()) {
      CO_TRY(check_users(step.id, secret));
    }
  }
  co_return Done{};
}

Status Keeper::State::check_users(const SecretId& id, const Secret& secret) const {
  const auto current = realms.load();
  Status outcome = Done{};
  current->for_each([&](const RealmName& name, const RealmRingsPtr& rings) {
    if (name.empty() || !outcome.ok() || !goes_by_global(name, *rings, id)) return;
    for (const auto& ring : rings->all()) {
      if (ring->realm != name || !outcome.ok()) continue;
      outcome = check_ring(id, secret, *ring);
      if (!outcome.ok()) {
        Error error = std::move(outcome).error();
        error.detail = "in realm " + name.str() + " " + error.detail;
        outcome = std::move(error);
      }
    }
  });
  return outcome;
}

}  // namespace signet::secrets
