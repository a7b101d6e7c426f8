#include "secrets/keeper/keeper.h"

#include <algorithm>

#include "base/log.h"
#include "secrets/keeper/state.h"

namespace signet::secrets {

Keeper::Keeper(std::shared_ptr<storage::Storage> storage, std::shared_ptr<Clock> clock,
               KeeperOptions options)
    : state_(std::make_unique<State>(std::move(storage), std::move(clock), std::move(options))) {}
Keeper::~Keeper() = default;

Task<Done> Keeper::configure(std::vector<ConfiguredStore> stores, std::vector<RealmName> expected) {
  std::set<std::pair<RealmName, StoreName>> names;
  for (const auto& store : stores) {
    if (!names.emplace(store.realm, store.store->name()).second) {
      co_return Error{
          Code::kConfig, "store_name_taken",
          "two stores are called " + store.store->name().str() + ": give one of them another name"};
    }
    CO_TRY(refuse_two_purposes(store.mappings, state_->options.allow_shared_aliases));
  }
  CO_TRY(const Gate::Pass pass, co_await state_->gate.enter());
  std::vector<std::unique_ptr<StoreCache>> caches;
  for (auto& store : stores) {
    const auto old =
        std::find_if(state_->stores.begin(), state_->stores.end(), [&](const auto& cache) {
          return cache && cache->store() == store.store && cache->realm() == store.realm;
        });
    if (old != state_->stores.end()) {
      caches.push_back(std::move(*old));
      caches.back()->set_configured(std::move(store));
    } else {
      caches.push_back(std::make_unique<StoreCache>(std::move(store)));
    }
  }
  state_->stores = std::move(caches);
  ++state_->configurations;
  state_->expected = {expected.begin(), expected.end()};
  state_->index_stores();
  // In the gate: what was not read yet must not be taken for lost.
  auto refreshed = co_await state_->refresh_rings(State::Stores::kAreRead);
  // A storage that cannot be written now is written by a later beat.
  const bool is_unreported = !refreshed.ok() && refreshed.error().is(kInstanceUnreported);
  if (!refreshed.ok() && !is_unreported) co_return std::move(refreshed).error();
  co_return Done{};
}

Task<Done> Keeper::refresh() {
  state_->retry_asked = true;
  state_->forget_asked = true;
  co_return co_await refresh_due();
}

Task<Done> Keeper::refresh_due() {
  const std::uint64_t ticket = ++state_->refreshes_asked;
  co_return co_await state_->refresh_since(ticket);
}

std::vector<std::shared_ptr<const LiveRing>> Keeper::troubled_rings() const {
  std::vector<std::shared_ptr<const LiveRing>> out;
  const Instant now = state_->clock->now();
  state_->realms.load()->for_each([&](const RealmName& name, const RealmRingsPtr& rings) {
    for (const auto& ring : rings->all()) {
      const bool is_troubled = !ring->lost.empty() || ring->signs_early(policy(), now);
      if (ring->realm == name && is_troubled) out.push_back(ring);
    }
  });
  return out;
}

bool Keeper::may_refresh_for_unknown() const {
  const std::lock_guard hold(state_->unknown_mutex);
  return state_->for_unknown.is_under_way || state_->for_unknown.failure ||
         state_->clock->monotone() >= state_->for_unknown.not_before;
}

Task<Done> Keeper::refresh_for_unknown() {
  auto& shared = state_->for_unknown;
  std::uint64_t ticket = 0;
  bool is_first = false;
  {
    const std::lock_guard hold(state_->unknown_mutex);
    const Milliseconds now = state_->clock->monotone();
    is_first = now >= shared.not_before;
    // After a failure nobody knows whether such a key is another instance's.
    if (!is_first && !shared.is_under_way && shared.failure) co_return *shared.failure;
    if (!is_first && !shared.is_under_way) co_return Done{};
    if (is_first) {
      shared.not_before = now + state_->options.unknown_kid_pause;
      state_->forget_asked = true;  // before the ticket, so that the refresh that covers it sees it
      shared.ticket = ++state_->refreshes_asked;
      shared.is_under_way = true;
    }
    ticket = shared.ticket;
  }
  // Of those who ask meanwhile each waits for this one, which may not have begun yet.
  auto refreshed = co_await state_->refresh_since(ticket);
  if (is_first) {
    const std::lock_guard hold(state_->unknown_mutex);
    if (shared.ticket == ticket) shared.is_under_way = false;
  }
  co_return refreshed;
}

Task<RealmRingsPtr> Keeper::rings(RealmName realm) {
  if (auto ready = rings_now(realm)) co_return ready;
  if (!realm.empty()) {
    CO_TRY(co_await rings(RealmName()));
  }
  const std::shared_ptr<Gate> first_use = state_->first_use_of(realm);
  CO_TRY(const Gate::Pass turn, co_await first_use->enter());
  co_return co_await state_->use(std::move(realm));
}

std::shared_ptr<Gate> Keeper::State::first_use_of(const RealmName& realm) {
  const std::lock_guard hold(first_use_mutex);
  std::erase_if(first_uses, [](const auto& pair) { return pair.second.expired(); });
  auto& slot = first_uses[realm];
  auto known = slot.lock();
  if (!known) slot = known = std::make_shared<Gate>();
  return known;
}

Task<RealmRingsPtr> Keeper::State::use(RealmName realm) {
  for (int round = 1;; ++round) {
    ReadingPtr reading;
    {
      CO_TRY(const Gate::Pass pass, co_await gate.enter());
      if (auto ready = realms.load()->find(realm)) co_return ready;
      std::set<RealmName> names;
      if (has_stores(realm)) names.insert(realm);
      CO_TRY(reading, co_await plan_reading(std::move(names)));
      if (!reading->outcome.ok()) co_return reading->outcome.error();
    }
    CO_TRY(co_await ask_stores(reading));
    RealmRingsPtr rings;
    {
      CO_TRY(const Gate::Pass pass, co_await gate.enter());
      if (auto ready = realms.load()->find(realm)) co_return ready;
      if (reading->configuration != configurations) continue;
      take(*reading);
      CO_TRY(rings, co_await use_read(realm));
      if (!is_behind || round == kMaxConflicts) co_return rings;
    }
    // The mapping that is newer may be a global one, and only a refresh reads these stores.
    const auto refreshed = co_await refresh_since(++refreshes_asked);
    if (!refreshed.ok()) co_return rings;
  }
}

Task<RealmRingsPtr> Keeper::State::use_read(RealmName realm) {
  is_behind = false;
  auto next = std::make_shared<RealmMap>(*realms.load());
  CO_TRY(co_await add_realm(realm, next));
  const RealmRingsPtr rings = next->find(realm);
  if (is_behind) co_return rings;
  show_stores(realm);
  publish(next);
  std::set<PreparedKey> prepared;
  add_prepared(realm, *rings, prepared);
  add_prepared(RealmName(), *next->find(RealmName()), prepared);
  auto reported = co_await instances.report_more(std::move(prepared));
  if (!reported.ok()) log::failure(kInstanceUnreported, reported.error());
  co_return rings;
}

RealmRingsPtr Keeper::rings_now(const RealmName& realm) const {
  return state_->realms.load()->find(realm);
}

std::uint64_t Keeper::generation() const {
  return state_->generation.load(std::memory_order_relaxed);
}

// No coroutines: g++ 12 destroys a lambda twice that is made inside a co_await expression.
Task<Done> Keeper::publish(StepRequest step) {
  const Alias alias = step.alias;
  return state_->change_mapping(
      std::move(step), [alias](std::vector<Alias> aliases) -> Result<std::vector<Alias>> {
        if (std::find(aliases.begin(), aliases.end(), alias) != aliases.end())
          return Error{Code::kConflict, "alias_mapped", "this alias is mapped already"};
        aliases.push_back(alias);
        return aliases;
      });
}

Task<Done> Keeper::activate(StepRequest step) {
  const Alias alias = step.alias;
  return state_->change_mapping(
      std::move(step), [alias](std::vector<Alias> aliases) -> Result<std::vector<Alias>> {
        const auto found = std::find(aliases.begin(), aliases.end(), alias);
        if (found == aliases.end()) {
          return Error{Code::kNotFound, "alias_not_mapped",
                       "this alias is not mapped; publish it first"};
        }
        std::rotate(aliases.begin(), found, found + 1);
        return aliases;
      });
}

Task<Done> Keeper::retire(StepRequest step) {
  const Alias alias = step.alias;
  return state_->change_mapping(
      std::move(step), [alias](std::vector<Alias> aliases) -> Result<std::vector<Alias>> {
        if (std::erase(aliases, alias) == 0)
          return Error{Code::kNotFound, "alias_not_mapped", "this alias is not mapped"};
        return aliases;
      });
}

Task<Done> Keeper::map(RealmName realm, StoreName store, Mapping mapping, bool force,
                       std::string actor, bool dry_run) {
  StepRequest step;
  step.realm = std::move(realm);
  step.store = std::move(store);
  step.id = mapping.id;
  step.force = force;
  step.actor = std::move(actor);
  step.dry_run = dry_run;
  return state_->change_mapping(
      std::move(step),
      [aliases = mapping.aliases](std::vector<Alias>) -> Result<std::vector<Alias>> {
        if (aliases.empty())
          return Error{Code::kInvalid, "mapping_malformed", "a mapping has at least one alias"};
        return aliases;
      });
}

Task<std::vector<Mapping>> Keeper::mappings(RealmName realm, StoreName store) const {
  CO_TRY(const Gate::Pass pass, co_await state_->gate.enter());
  const StoreCache* cache = state_->find_store(realm, store);
  if (cache == nullptr) co_return state_->no_such_store(realm, store);
  co_return cache->mappings();
}

Task<Done> Keeper::beat() {
  co_return co_await state_->instances.beat();
}

Task<Done> Keeper::leave() {
  co_return co_await state_->instances.leave();
}

Task<Done> Keeper::flush_usage() {
  std::vector<std::string> known;
  for (const auto& instance : state_->instances.all())
    known.push_back(instance.info.id);
  co_return co_await state_->usage.flush(std::move(known));
}

Task<std::map<KeyId, UseTotals>> Keeper::usage(RealmName realm, SecretId id) const {
  co_return co_await state_->usage.totals(std::move(realm), std::move(id));
}

std::vector<InstanceStatus> Keeper::instances() const {
  return state_->instances.all();
}

std::optional<ClockWatch::Step> Keeper::clock_step() const {
  return state_->instances.clock_step();
}

std::vector<std::string> Keeper::missing(const RealmName& realm, const SecretId& id,
                                         const KeyId& kid) const {
  return state_->missing(realm, id, kid);
}

std::vector<Keeper::Unread> Keeper::unread() const {
  std::vector<Unread> out;
  const auto current = state_->realms.load();
  const RealmRingsPtr global = current->find(RealmName());
  current->for_each([&](const RealmName& name, const RealmRingsPtr& rings) {
    if (!name.empty() && rings == global) return;
    for (const auto& id : rings->unread()) {
      const auto& of_all = global->unread();
      const bool is_told =
          !name.empty() && std::find(of_all.begin(), of_all.end(), id) != of_all.end();
      if (!is_told) out.push_back({name, id, rings->why(id)});
    }
  });
  return out;
}

std::vector<std::shared_ptr<const LiveRing>> Keeper::rings_in_use() const {
  std::vector<std::shared_ptr<const LiveRing>> out;
  const auto current = state_->realms.load();
  const RealmRingsPtr global = current->find(RealmName());
  current->for_each([&](const RealmName& name, const RealmRingsPtr& rings) {
    if (!name.empty() && rings == global) return;
    for (const auto& ring : rings->all()) {
      if (ring->realm == name) out.push_back(ring);
    }
  });
  return out;
}

std::vector<StoreHealth> Keeper::health() const {
  std::lock_guard hold(state_->seen_mutex);
  return state_->seen.health;
}

std::vector<StoreCalls> Keeper::store_calls() const {
  std::lock_guard hold(state_->seen_mutex);
  std::vector<StoreCalls> out;
  for (const auto& meter : state_->seen.meters)
    out.push_back({meter.name, meter.realm, meter.counts->outcomes(), meter.counts->seconds(),
                   meter.key_counts->outcomes(), meter.key_counts->seconds()});
  return out;
}

RotationPolicy Keeper::policy() const {
  return state_->policy();
}

RotationPolicy Keeper::State::policy() {
  RotationPolicy out = options.policy;
  out.clock_ahead = std::max(settled_clock.ahead(), instances.ahead_of_slowest());
  return out;
}

}  // namespace signet::secrets
