// Reading the stores and the journal again, and showing what came of it.

#include <algorithm>
#include <vector>

#include "base/log.h"
#include "secrets/keeper/mapping_document.h"
#include "secrets/keeper/state.h"
#include "storage/document_pages.h"

namespace signet::secrets {
namespace {

/// What storage said before a reading that took longer is asked again after it.
constexpr Milliseconds kOldNews{1000};

/// Completes `loaded` whatever happens.
void start_load(const async::Executor& executor, Task<Done> load, async::OneShot<Done> loaded) {
  try {
    async::start<Done>(executor, std::move(load), [loaded](Result<Done> result) mutable {
      loaded.complete(std::move(result));
    });
  } catch (const std::bad_alloc&) {
    loaded.complete(Error{Code::kUnavailable, "out_of_memory", {}});
  }
}

/// The later failure counts.
void add_failure(Status& outcome, const Result<Done>& next) {
  if (!next.ok()) outcome = next.error();
}

}  // namespace

StoreCache* Keeper::State::find_store(const RealmName& realm, const StoreName& name) const {
  for (const std::size_t place : places_of(realm)) {
    if (stores[place]->name() == name) return stores[place].get();
  }
  return nullptr;
}

bool Keeper::State::has_stores(const RealmName& realm) const {
  return places.contains(realm);
}

Task<Journal> Keeper::State::journal(RealmName realm) {
  CO_TRY(const std::vector<storage::KeyRecord> records, co_await storage->keys(realm));
  co_return Journal::of(records);
}

Task<Keeper::State::ReadingPtr> Keeper::State::plan_reading(std::set<RealmName> names) {
  auto reading = std::make_shared<Reading>();
  reading->configuration = configurations;
  reading->began = clock->monotone();
  reading->term = instances.term();
  const std::uint64_t number = ++questions;
  for (const auto& realm : names) {
    if (!has_stores(realm)) continue;
    // Where storage does not answer the mappings stay as they were last known.
    std::optional<std::vector<storage::Document>> documents;
    if (reading->outcome.ok()) {
      auto found = co_await storage::all_documents(storage, kMappingKind, realm);
      if (found.ok()) {
        documents = std::move(found).value();
      } else {
        reading->outcome = std::move(found).error();
      }
    }
    const auto* known = documents ? &*documents : nullptr;
    for (const std::size_t place : places_of(realm))
      reading->stores.push_back(stores[place]->plan(number, known, options, *clock));
  }
  reading->realms = std::move(names);
  co_return reading;
}

Task<Done> Keeper::State::ask_stores(ReadingPtr reading) {
  const async::Executor executor = co_await async::current_executor();
  // All that can fail comes before the first question: none may go on when this has ended.
  std::vector<async::OneShot<Done>> asked;
  std::vector<Task<Done>> readings, waits;
  std::vector<StoreReadingPtr> of_stores;
  for (const auto& store : reading->stores) {
    if (store->rests) continue;
    of_stores.push_back(store);
    readings.push_back(ask_store(store, deadlines, asking_ahead));
    waits.push_back(asked.emplace_back().wait());
  }
  for (std::size_t i = 0; i < readings.size(); ++i)
    start_load(executor, std::move(readings[i]), asked[i]);
  for (std::size_t i = 0; i < waits.size(); ++i) {
    Result<Done> outcome = co_await std::move(waits[i]);
    if (outcome.ok()) continue;
    log::failure("store_load_failed", outcome.error());
    of_stores[i]->break_off(std::move(outcome).error());
  }
  co_return Done{};
}

void Keeper::State::take(Reading& reading) {
  for (const auto& store : reading.stores) {
    for (const std::size_t place : places_of(store->contact.realm)) {
      if (stores[place]->store() == store->contact.store)
        stores[place]->take(store, options, *clock);
    }
  }
}

Task<Done> Keeper::State::refresh_since(std::uint64_t ticket) {
  CO_TRY(const Gate::Pass turn, co_await refreshing.enter());
  if (refreshes_covered >= ticket) co_return last_shared;
  const std::uint64_t covered = refreshes_asked.load();
  auto refreshed = co_await refresh();
  last_shared = refreshed;
  refreshes_covered = covered;
  {
    const std::lock_guard hold(unknown_mutex);
    for_unknown.failure.reset();
    if (!refreshed.ok()) for_unknown.failure = refreshed.error();
  }
  co_return refreshed;
}

Task<Done> Keeper::State::refresh() {
  for (int round = 1;; ++round) {
    CO_TRY(const ReadingPtr reading, co_await begin_refresh());
    CO_TRY(co_await ask_stores(reading));
    CO_TRY(co_await end_refresh(reading));
    if (reading->is_over || round == kMaxConflicts) co_return reading->outcome;
  }
}

Task<Keeper::State::ReadingPtr> Keeper::State::begin_refresh() {
  CO_TRY(const Gate::Pass pass, co_await gate.enter());
  if (retry_asked.exchange(false)) {
    for (const auto& store : stores)
      store->retry_now();
  }
  if (forget_asked.exchange(false)) {
    for (const auto& store : stores)
      store->store()->forget_cached();
  }
  const auto heard = co_await look_around();
  std::set<RealmName> in_use = realms_in_use();
  in_use.merge(instances.realms_of_neighbours());
  in_use.insert(expected.begin(), expected.end());
  CO_TRY(const ReadingPtr reading, co_await plan_reading(std::move(in_use)));
  if (!reading->outcome.ok()) {
    log::failure("mappings_unread", reading->outcome.error());
  } else {
    add_failure(reading->outcome, heard);
  }
  co_return reading;
}

Task<Done> Keeper::State::end_refresh(ReadingPtr reading) {
  CO_TRY(const Gate::Pass pass, co_await gate.enter());
  // Other stores by now, which were all read when they came; what they need of these is read again.
  if (reading->configuration != configurations) co_return Done{};
  if (clock->monotone() - reading->began >= kOldNews) {
    const auto heard = co_await look_around();
    add_failure(reading->outcome, heard);
  }
  take(*reading);
  show_stores();
  // Realms may have come into use meanwhile, whose stores were read then.
  std::set<RealmName> in_use = realms_in_use();
  in_use.insert(reading->realms.begin(), reading->realms.end());
  last_refresh = reading->outcome;
  auto lined_up = co_await line_up_all(std::move(in_use));
  note_lined_up(*reading, lined_up);
  reading->outcome = std::move(lined_up);
  // What storage did not say now it will hardly say at once.
  reading->is_over = !is_behind || !reading->outcome.ok();
  co_return Done{};
}

Task<Done> Keeper::State::refresh_rings(Stores what) {
  for (int round = 1;; ++round) {
    std::set<RealmName> in_use = realms_in_use();
    const auto heard = co_await look_around();
    Status outcome = Done{};
    add_failure(outcome, heard);
    ReadingPtr reading;
    if (what == Stores::kAreRead) {
      in_use.merge(instances.realms_of_neighbours());
      in_use.insert(expected.begin(), expected.end());
      CO_TRY(reading, co_await plan_reading(in_use));
      if (!reading->outcome.ok()) {
        log::failure("mappings_unread", reading->outcome.error());
        outcome = reading->outcome;
      }
      CO_TRY(co_await ask_stores(reading));
      take(*reading);
      show_stores();
    }
    last_refresh = outcome;
    auto lined_up = co_await line_up_all(std::move(in_use));
    if (reading) note_lined_up(*reading, lined_up);
    if (what == Stores::kAreKnown || !is_behind || round == kMaxConflicts) co_return lined_up;
  }
}

Task<Done> Keeper::State::look_around() {
  Status outcome = Done{};
  // First of all, so that the others know of this instance before it has a ring to serve.
  if (auto told = co_await instances.beat(); !told.ok())
    log::failure(kInstanceUnreported, told.error());
  if (auto observed = co_await instances.observe(); !observed.ok()) {
    log::failure("instances_unread", observed.error());
    outcome = std::move(observed).error();
  }
  if (auto listed = co_await compromised.load(storage); !listed.ok()) {
    log::failure("compromised_keys_unread", listed.error());
    outcome = std::move(listed).error();
  }
  co_return outcome;
}

std::set<RealmName> Keeper::State::realms_in_use() const {
  std::set<RealmName> out;
  out.insert(RealmName());
  realms.load()->for_each([&](const RealmName& name, const RealmRingsPtr&) { out.insert(name); });
  return out;
}

Task<Done> Keeper::State::line_up_all(std::set<RealmName> in_use) {
  is_behind = false;
  const auto current = realms.load();
  auto next = std::make_shared<RealmMap>();
  for (const auto& name : in_use) {  // the global ones come first: their name is empty
    auto added = co_await add_realm(name, next);
    if (added.ok()) continue;
    log::failure("rings_not_refreshed", added.error(), {{"realm", name.str()}});
    last_refresh = std::move(added).error();
    const RealmRingsPtr old = current->find(name);
    if (old && !next->find(name)) next->put(name, old);
  }
  publish(next);
  if (auto reported = co_await instances.report(prepared_keys()); !reported.ok()) {
    const Error& error = reported.error();
    log::failure(kInstanceUnreported, error);
    if (last_refresh.ok()) {
      last_refresh =
          Error{error.code, kInstanceUnreported, std::string(error.reason) + ": " + error.detail};
    }
  }
  co_return last_refresh;
}

void Keeper::State::note_lined_up(const Reading& reading, const Status& lined_up) {
  if (lined_up.ok() && !is_behind) instances.lined_up(reading.term);
}

bool Keeper::copies_may_be_kept() const {
  return state_->instances.copies_may_be_kept();
}

std::string Keeper::why_no_copies() const {
  return state_->instances.why_no_copies();
}

Task<Done> Keeper::State::read_unused(RealmName realm) {
  ReadingPtr reading;
  {
    CO_TRY(const Gate::Pass pass, co_await gate.enter());
    const bool is_in_use = realms.load()->find(realm) != nullptr;
    if (is_in_use || !has_stores(realm)) co_return Done{};
    std::set<RealmName> names;
    names.insert(realm);
    CO_TRY(reading, co_await plan_reading(std::move(names)));
    if (!reading->outcome.ok()) co_return reading->outcome;
  }
  CO_TRY(co_await ask_stores(reading));
  CO_TRY(const Gate::Pass pass, co_await gate.enter());
  if (reading->configuration == configurations) take(*reading);
  co_return Done{};
}

void Keeper::State::add_prepared(const RealmName& realm, const RealmRings& rings,
                                 std::set<PreparedKey>& out) {
  for (const auto& ring : rings.all()) {
    if (ring->realm != realm) continue;  // a global one, told as such
    for (const auto& entry : ring->entries) {
      if (entry.state == KeyState::kPrepared && can_be_active(entry.secret))
        out.insert({realm, ring->id, entry.secret.kid});
    }
  }
}

std::set<PreparedKey> Keeper::State::prepared_keys() const {
  std::set<PreparedKey> out;
  if (instances.is_alone()) return out;
  const auto current = realms.load();
  const RealmRingsPtr global = current->find(RealmName());
  current->for_each([&](const RealmName& name, const RealmRingsPtr& rings) {
    const bool is_shared = !name.empty() && rings == global;
    if (!is_shared) add_prepared(name, *rings, out);
  });
  return out;
}

std::vector<std::string> Keeper::State::missing(const RealmName& realm, const SecretId& id,
                                                const KeyId& kid) const {
  return instances.missing({realm, id, kid});
}

void Keeper::State::publish(std::shared_ptr<const RealmMap> next) {
  if (*realms.load() == *next) return;
  realms.store(std::move(next));
  generation.fetch_add(1, std::memory_order_release);
}

void Keeper::State::index_stores() {
  places.clear();
  Seen fresh;
  for (std::size_t i = 0; i < stores.size(); ++i) {
    const StoreCache& store = *stores[i];
    places[store.realm()].push_back(i);
    fresh.stores.emplace(std::make_pair(store.realm(), store.name()), store.store());
    fresh.health.push_back(store.health(options));
    fresh.meters.push_back({store.name(), store.realm(), store.meter(), store.key_meter()});
  }
  std::lock_guard hold(seen_mutex);
  seen = std::move(fresh);
}

const std::vector<std::size_t>& Keeper::State::places_of(const RealmName& realm) const {
  static const std::vector<std::size_t> none;
  const auto found = places.find(realm);
  return found == places.end() ? none : found->second;
}

void Keeper::State::show_stores(const RealmName& realm) {
  std::lock_guard hold(seen_mutex);
  for (const std::size_t place : places_of(realm))
    seen.health[place] = stores[place]->health(options);
}

void Keeper::State::show_stores() {
  for (const auto& [realm, indices] : places)
    show_stores(realm);
}

}  // namespace signet::secrets
