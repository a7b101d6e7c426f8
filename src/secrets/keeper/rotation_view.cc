#include "secrets/keeper/rotation_view.h"

#include <algorithm>

#include "base/text.h"
#include "secrets/keeper/successor.h"
#include "secrets/keeper/version_order.h"

namespace signet::secrets {
namespace {

/// Why what the rule made does not sign, where that is more than a matter of time.
std::optional<Error> why_unused(const RotationRule& rule, const RotationMemory& memory,
                                const LiveRing& ring, const Keeper& keeper, bool by_versions,
                                Instant now) {
  if (!memory.pending) return std::nullopt;
  const auto is_it = [&](const Secret& secret) {
    return secret.is_of(rule.realm, rule.store) && secret.alias == *memory.pending;
  };
  bool is_there = by_versions;
  for (const auto& entry : ring.entries) {
    if (!is_it(entry.secret)) continue;
    is_there = true;
    if (entry.state != KeyState::kPrepared || !entry.history.published) continue;
    const Seconds ahead = std::max(rule.publish_ahead, keeper.policy().publish_ahead);
    if (now < *entry.history.published + ahead + kRotationPatience) continue;
    const auto missing = keeper.missing(ring.realm, rule.id, entry.secret.kid);
    if (missing.empty()) continue;
    return Error{Code::kUnavailable, "rotation_unready",
                 "key " + quoted(entry.secret.kid.view()) + " was published at " +
                     to_rfc3339(*entry.history.published) +
                     " and may not sign yet: " + join(missing, "; ")};
  }
  for (const auto& skipped : ring.skipped) {
    const bool is_unread = !is_there && skipped.store == rule.store &&
                           skipped.store_realm == rule.realm && skipped.alias == *memory.pending &&
                           !skipped.why.is("key_compromised");
    if (is_unread) return skipped.why;
  }
  return std::nullopt;
}

/// What of a rule a store of versions cannot do; told long before the first version is due.
Status check_versions(const RotationRule& rule, const std::shared_ptr<Store>& store,
                      const RotationPolicy& policy) {
  TRY(const VersionMaker* const maker, version_maker(store, rule.store));
  TRY(maker->may_make_versions());
  // They sign by the order of their store, as soon as the keeper lets them.
  if (rule.publish_ahead <= policy.publish_ahead) return Done{};
  return Error{Code::kConfig, "rotation_ahead_unsupported",
               "store " + rule.store.str() +
                   " rotates by versions, which sign after keys.publish_ahead (" +
                   std::to_string(policy.publish_ahead.count()) +
                   " seconds); a longer publish_ahead of its own, " +
                   std::to_string(rule.publish_ahead.count()) + " seconds, is not possible"};
}

/// `maker`: the rule's store, if it makes keys.
std::vector<ScheduledKey> keys_of(const LiveRing& ring, const RotationRule& rule,
                                  const KeyMaker* maker, bool by_versions) {
  std::vector<ScheduledKey> keys;
  for (const auto& entry : ring.entries) {
    if (!entry.secret.is_of(rule.realm, rule.store) || entry.secret.alias.empty()) continue;
    // A key whose kid was chosen lately stands there under two: the one that signs, or is to,
    // first.
    const bool is_known = std::any_of(keys.begin(), keys.end(), [&](const ScheduledKey& key) {
      return key.alias == entry.secret.alias;
    });
    if (is_known && !by_versions) continue;
    ScheduledKey key{entry.secret.alias, entry.history, {}, entry.secret.version};
    if (maker != nullptr) key.family = maker->family(key.alias);
    key.history.horizon = ring.horizon_of(entry);
    keys.push_back(std::move(key));
  }
  return keys;
}

}  // namespace

bool rotates_by_versions(const Store* store) {
  return store != nullptr && store->ordering() == Ordering::kByStore;
}

Status may_rotate(const RotationRule& rule, const std::shared_ptr<Store>& store,
                  const RotationPolicy& policy) {
  if (rotates_by_versions(store.get())) return check_versions(rule, store, policy);
  TRY(key_maker(store, rule.store));
  return Done{};
}

Task<RotationView> look_at_rule(std::shared_ptr<Keeper> keeper, RotationRule rule,
                                RotationMemory memory, Instant now) {
  RotationView view;
  view.store = keeper->store(rule.realm, rule.store);
  const auto rings = co_await keeper->rings(rule.realm);
  if (rings.ok()) view.rings = *rings;
  view.ring = rings.ok() ? view.rings->find(rule.id) : nullptr;
  const auto* maker = dynamic_cast<const KeyMaker*>(view.store.get());
  view.by_versions = rotates_by_versions(view.store.get());
  if (view.ring != nullptr) view.keys = keys_of(*view.ring, rule, maker, view.by_versions);
  const bool has_active =
      std::any_of(view.keys.begin(), view.keys.end(),
                  [](const ScheduledKey& key) { return key.history.state == KeyState::kActive; });
  view.step = view.by_versions ? next_version_step(rule, memory, view.keys, now)
                               : next_rotation_step(rule, memory, view.keys, keeper->policy(), now);
  if (!has_active && view.ring != nullptr && view.ring->waiting) {
    view.possible = view.rings->why(rule.id);
    co_return view;
  }
  if (!has_active) {
    const bool is_served = view.ring != nullptr && view.ring->can_sign;
    const std::string why = !rings.ok()  ? rings.error().detail
                            : !is_served ? view.rings->why(rule.id).detail
                                         : "another store serves it";
    view.possible = Error{
        Code::kConfig, "rotation_no_active_key",
        "no key of store " + rule.store.str() + " is active for " + rule.id.str() + ": " + why};
    co_return view;
  }
  // A key that is there takes its steps also where no other one may be made.
  const bool is_of_a_key = view.step.kind == RotationStep::Kind::kActivate ||
                           view.step.kind == RotationStep::Kind::kRetire;
  // Now, and not when the first key is due.
  if (!is_of_a_key) view.possible = may_rotate(rule, view.store, keeper->policy());
  if (!view.possible.ok()) co_return view;
  if (auto why = why_unused(rule, memory, *view.ring, *keeper, view.by_versions, now))
    view.possible = std::move(*why);
  co_return view;
}

Task<RotationView> look_again(std::shared_ptr<Keeper> keeper, RotationRule rule,
                              RotationMemory memory, Instant now) {
  const auto makes_version = [&memory](const RotationView& view) {
    return view.possible.ok() && view.by_versions && !memory.making &&
           view.step.kind == RotationStep::Kind::kMake;
  };
  CO_TRY(co_await keeper->refresh());
  CO_TRY(RotationView view, co_await look_at_rule(keeper, rule, memory, now));
  if (!makes_version(view)) co_return view;
  auto versions = co_await keeper->fetch(rule.realm, rule.store, view.step.alias);
  if (!versions.ok()) {
    view.possible = std::move(versions).error();
    co_return view;
  }
  // Once more, so that the ring is newer than what the store said: a version that became usable in
  // between would pass for one that the ring refuses, and be followed by another.
  CO_TRY(co_await keeper->refresh());
  CO_TRY(view, co_await look_at_rule(keeper, rule, memory, now));
  if (makes_version(view))
    view.step.before.after =
        version_to_follow(*versions, std::move(view.step.before.after), view.ring);
  co_return view;
}

}  // namespace signet::secrets
