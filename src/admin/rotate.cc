// POST /admin/secrets/rotate: makes a key, publishes it, and tells when the rest may be done.

#include <algorithm>
#include <utility>

#include "admin/handlers.h"
#include "admin/operator_change.h"
#include "base/text.h"
#include "realms/realm_settings.h"
#include "resource_servers/resource_server.h"
#include "secrets/keeper/successor.h"
#include "secrets/keeper/version_order.h"
#include "storage/document_pages.h"

namespace signet::admin {
namespace {

using secrets::Keeper;
using secrets::LiveRing;
using secrets::RingEntry;

/// The key that comes next, as it was published.
struct NextKey {
  Alias alias;
  KeyId kid;
  Instant published{};
};

/// What would keep the key that comes next out of the ring is found before it is made: in a box a
/// key cannot be taken back, and may cost money.
Task<Done> check_alias_step(const AdminServices& services, Keeper::StepRequest step,
                            RealmName serving_realm, StoreName serving) {
  const Keeper& keeper = *services.oauth->keeper;
  const auto maker = secrets::key_maker(keeper.store(step.realm, step.store), step.store);
  if (!maker.ok()) co_return maker.error();
  CO_TRY(auto mappings, co_await keeper.mappings(step.realm, step.store));
  std::vector<Alias> aliases;
  for (auto& mapping : mappings) {
    if (mapping.id == step.id) aliases = std::move(mapping.aliases);
  }
  const Alias next = step.alias.empty() ? Alias("successor") : step.alias;
  if (std::find(aliases.begin(), aliases.end(), next) == aliases.end()) {
    aliases.push_back(next);
    const auto mapping = secrets::Mapping::make(step.id, std::move(aliases), false);
    if (!mapping.ok()) co_return mapping.error();
  }
  // The stores of a level in their order; the first one that serves the ID hides the others.
  if (serving_realm != step.realm) co_return Done{};
  for (const auto& store : keeper.health()) {
    if (store.realm != step.realm) continue;
    if (store.name == step.store) break;
    if (store.name != serving) continue;
    co_return Error{Code::kConfig, "rotation_no_active_key",
                    "store " + quoted(store.name.view()) + ", which is asked before " +
                        quoted(step.store.view()) + ", serves " + step.id.str() +
                        ": a key made behind it would not be published; rotate there"};
  }
  co_return Done{};
}

Task<NextKey> publish_alias(const AdminServices& services, Keeper::StepRequest step,
                            RingEntry active) {
  Keeper& keeper = *services.oauth->keeper;
  NextKey next;
  if (step.alias.empty()) {
    CO_TRY(const auto made, co_await keeper.make_successor(step.realm, step.store, active.secret));
    step.alias = made.alias;
    next.kid = made.kid;
  } else {
    CO_TRY(const auto made,
           co_await keeper.make_like(step.realm, step.store, step.alias, active.secret));
    next.kid = made.kid;
  }
  next.alias = step.alias;
  CO_TRY(co_await keeper.publish(std::move(step)));
  next.published = services.oauth->clock->now();  // making it may have taken minutes
  co_return next;
}

/// What the ring has of a version newer than the one that signed.
std::optional<NextKey> next_in(const LiveRing& ring, const RingEntry& before) {
  const KeyId wanted = ring.waiting ? *ring.waiting : ring.ring->active().kid;
  if (wanted == before.secret.kid) return std::nullopt;
  const RingEntry* entry = ring.find(wanted);
  if (entry == nullptr || !entry->history.published) return std::nullopt;
  NextKey next;
  next.alias = entry->secret.alias;
  next.kid = wanted;
  next.published = *entry->history.published;
  return next;
}

Task<NextKey> publish_version(const AdminServices& services, Keeper::StepRequest step,
                              RingEntry active) {
  Keeper& keeper = *services.oauth->keeper;
  const Alias alias = active.secret.alias;
  CO_TRY(secrets::version_maker(keeper.store(step.realm, step.store), step.store));
  // The ring is newer than what the store says here: a version that became usable in between would
  // pass for one that the ring refuses, and be followed by another.
  CO_TRY(const auto versions, co_await keeper.fetch(step.realm, step.store, alias));
  CO_TRY(co_await keeper.refresh());
  CO_TRY(auto rings, co_await keeper.rings(step.realm));
  const LiveRing* ring = rings->find(step.id);
  std::string after = secrets::version_to_follow(versions, active.secret.version, ring);
  CO_TRY(co_await keeper.make_version(step.realm, step.store, alias, std::move(after)));
  CO_TRY(co_await keeper.refresh());
  CO_TRY(rings, co_await keeper.rings(step.realm));
  ring = rings->find(step.id);
  auto next = ring ? next_in(*ring, active) : std::nullopt;
  if (next) co_return std::move(*next);
  co_return Error{Code::kUnavailable, "version_pending",
                  "the new version of " + quoted(active.secret.alias.view()) +
                      " was made and is not published yet; ask again in a moment"};
}

/// What makes a store that rotates by versions refuse: it has one alias for an ID, and no other.
Status check_version_step(const Keeper::StepRequest& step, const RingEntry* active) {
  if (!active || !active->secret.is_of(step.realm, step.store)) {
    return Error{Code::kConfig, "rotation_no_active_key",
                 "no key of store " + quoted(step.store.view()) + " is active for " +
                     step.id.str() + ": publish one"};
  }
  if (!step.alias.empty() && step.alias != active->secret.alias) {
    return Error{Code::kInvalid, "mapping_one_alias",
                 "store " + quoted(step.store.view()) + " rotates by versions of " +
                     quoted(active->secret.alias.view()) + ", and makes no other alias"};
  }
  return Done{};
}

/// A document that cannot be read might say the longest.
Seconds longest_lifetime_in(const storage::Document& realm) {
  const auto members = json::parse_object(realm.text);
  if (!members.ok()) return resource_servers::kLongestTokenLife;
  const auto settings = realms::RealmSettings::from_json(*members);
  return settings.ok() ? settings->max_lifetime : resource_servers::kLongestTokenLife;
}

}  // namespace

json::Object plan_step(std::string_view name, const Alias& alias, const KeyId& kid,
                       Instant not_before, bool done) {
  json::Object out;
  out.set("step", name);
  out.set("alias", alias.view());
  out.set("kid", kid.view());
  out.set("not_before", to_rfc3339(not_before));
  out.set("done", done);
  return out;
}

Task<Seconds> longest_lifetime(const AdminServices& services, RealmName realm) {
  if (!realm.empty()) {
    CO_TRY(const auto document, co_await existing_realm(services, realm));
    co_return longest_lifetime_in(document);
  }
  Seconds longest{0};
  storage::DocumentPages pages(services.oauth->storage, "realm", RealmName());
  while (true) {
    CO_TRY(const std::vector<storage::Document> page, co_await pages.next());
    if (page.empty()) co_return longest;
    for (const auto& document : page)
      longest = std::max(longest, longest_lifetime_in(document));
  }
}

Task<AdminReply> rotate_secret(const AdminServices& services, AdminRequest request) {
  CO_TRY(auto step, read_step(request));
  step.alias = canonical_alias(services, step.realm, step.store, step.alias);
  const bool dry_run = std::exchange(step.dry_run, false);
  Keeper& keeper = *services.oauth->keeper;
  // What may fail comes before a key is made.
  CO_TRY(const Seconds longest, co_await longest_lifetime(services, step.realm));
  CO_TRY(const auto rings, co_await keeper.rings(step.realm));
  const LiveRing* ring = rings->find(step.id);
  if (!ring) co_return rings->why(step.id);
  const RingEntry* active = ring->first_in(secrets::KeyState::kActive);
  const auto store = keeper.store(step.realm, step.store);
  const bool by_versions = store && store->ordering() == secrets::Ordering::kByStore;
  if (by_versions) {
    CO_TRY(check_version_step(step, active));
    CO_TRY(const secrets::VersionMaker* const maker, secrets::version_maker(store, step.store));
    CO_TRY(maker->may_make_versions());
  } else if (!active || !active->secret.key) {
    co_return Error{Code::kUnsupported, "rotate_needs_key_pair",
                    "only keys are made by the server; put a new secret into the store and "
                    "publish it"};
  } else {
    RealmName serving_realm = active->secret.store_realm;
    StoreName serving = active->secret.store;
    CO_TRY(co_await check_alias_step(services, step, std::move(serving_realm), std::move(serving)));
  }
  const RingEntry before = *active;
  NextKey next;
  next.alias = by_versions ? before.secret.alias : step.alias;
  next.published = services.oauth->clock->now();
  if (!dry_run && by_versions) {
    CO_TRY(next, co_await publish_version(services, step, before));
  } else if (!dry_run) {
    CO_TRY(next, co_await publish_alias(services, step, before));
  }
  const auto& policy = keeper.policy();
  json::Array plan;
  plan.emplace_back(plan_step("publish", next.alias, next.kid, next.published, !dry_run));
  const Instant activation = secrets::activation_at(next.published, policy);
  plan.emplace_back(plan_step("activate", next.alias, next.kid, activation, false));
  // Versions that sign no more are disabled in their store, by whoever it belongs to.
  if (!by_versions) {
    // Tokens may be made with the old key until the new one is active; its horizon is known only
    // then.
    plan.emplace_back(plan_step("retire", before.secret.alias, before.secret.kid,
                                activation + longest + policy.clock_skew, false));
  }
  AdminReply reply;
  reply.body.set("plan", std::move(plan));
  co_return reply;
}

}  // namespace signet::admin
