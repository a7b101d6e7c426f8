// Reading the stores and the journal again, and showing what came of it.

#include <algorithm>
#include <vector>

#include "base/log.h"
#include "secrets/keeper/mapping_document.h"
#include "secrets/keeper/state.h"
#include "storage/document_pages.h"

namespace signet::secrets {
namespace {

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

Task<Done> Keeper::State::load_documents(std::set<RealmName> names) {
  for (const auto& realm : names) {
    if (!has_stores(realm)) continue;
    CO_TRY(const std::vector<storage::Document> documents,
           co_await storage::all_documents(storage, kMappingKind, realm));
    for (const std::size_t place : places_of(realm))
      stores[place]->set_documents(documents);
  }
  co_return Done{};
}

Task<Done> Keeper::State::load_stores(std::set<RealmName> names) {
  const async::Executor executor = co_await async::current_executor();
  // All that can fail comes before the first load begins: none may go on when this has ended.
  std::vector<async::OneShot<Done>> loaded;
  std::vector<Task<Done>> loads, waits;
  for (const auto& realm : names) {
    for (const std::size_t place : places_of(realm)) {
      loads.push_back(stores[place]->load(deadlines, options, *clock));
      waits.push_back(loaded.emplace_back().wait());
    }
  }
  for (std::size_t i = 0; i < loads.size(); ++i)
    start_load(executor, std::move(loads[i]), loaded[i]);
  for (auto& wait : waits) {
    const Result<Done> outcome = co_await std::move(wait);
    if (!outcome.ok()) log::failure("store_load_failed", outcome.error());
  }
  co_return Done{};
}

Task<Done> Keeper::State::refresh_since(std::uint64_t ticket) {
  CO_TRY(const Gate::Pass pass, co_await gate.enter());
  if (refreshes_covered >= ticket) co_return last_refresh;
  co_return co_await refresh();
}

Task<Done> Keeper::State::refresh() {
  refreshes_covered = refreshes_asked.load();
  if (retry_asked.exchange(false)) {
    for (const auto& store : stores)
      store->retry_now();
  }
  if (forget_asked.exchange(false)) {
    for (const auto& store : stores)
      store->store()->forget_cached();
  }
  co_return co_await refresh_rings(Stores::kAreRead);
}

Task<Done> Keeper::State::refresh_rings(Stores what) {
  const auto current = realms.load();
  std::set<RealmName> in_use;
  in_use.insert(RealmName());
  current->for_each([&](const RealmName& name, const RealmRingsPtr&) { in_use.insert(name); });

  last_refresh = Done{};
  // First of all, so that the others know of this instance before it has a ring to serve.
  if (auto told = co_await instances.beat(); !told.ok())
    log::failure(kInstanceUnreported, told.error());
  if (auto observed = co_await instances.observe(); !observed.ok()) {
    log::failure("instances_unread", observed.error());
    last_refresh = std::move(observed).error();
  }
  if (what == Stores::kAreRead) {
    in_use.merge(instances.realms_of_neighbours());
    in_use.insert(expected.begin(), expected.end());
  }
  if (auto listed = co_await compromised.load(storage); !listed.ok()) {
    log::failure("compromised_keys_unread", listed.error());
    last_refresh = std::move(listed).error();
  }
  if (what == Stores::kAreRead) {
    // Where storage does not answer the mappings stay as they were last known.
    auto documents = co_await load_documents(in_use);
    if (!documents.ok()) {
      log::failure("mappings_unread", documents.error());
      last_refresh = std::move(documents).error();
    }
    auto loaded = co_await load_stores(in_use);
    if (!loaded.ok()) last_refresh = std::move(loaded).error();
    show_stores();
  }

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
  realms.store(std::move(next), std::memory_order_release);
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
