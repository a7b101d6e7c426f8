// Reading the stores and the journal again, and showing what came of it.

#include <algorithm>
#include <vector>

#include "base/log.h"
#include "base/text.h"
#include "secrets/keeper/state.h"
#include "storage/document_pages.h"

namespace signet::secrets {
namespace {

/// The document that tells that a realm was served global rings.
constexpr const char* kGlobalUseKind = "global_rings";
constexpr const char* kGlobalUseId = "used";

Error not_mapped(const SecretId& id, const RealmName& realm) {
  return {Code::kConfig, "secret_not_mapped",
          "no store holds " + id.str() +
              (realm.empty() ? std::string(" globally") : " for realm " + realm.str())};
}

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

// The record is written with its revision, so that a retirement that was decided on the horizon of
// before is decided anew.
Task<Done> Keeper::State::write_horizon(RealmName realm, SecretId id, KeyId kid, Instant horizon) {
  for (int attempt = 0; attempt < kMaxConflicts; ++attempt) {
    CO_TRY(const Journal remembered, co_await journal(realm));
    const JournalEntry* found = find_entry(remembered.entries(id), kid);
    if (found == nullptr || is_gone(found->history.state)) {
      co_return Error{Code::kUnavailable, "key_gone",
                      "key " + quoted(kid.view()) + " of " + id.str() + " was just retired"};
    }
    JournalEntry raised = *found;
    raised.history.horizon = std::max(raised.history.horizon, horizon);
    storage::Transaction transaction;
    transaction.push_back(put_key(realm, id, raised));
    auto written = co_await storage->commit(std::move(transaction));
    if (written.ok()) co_return Done{};
    if (written.error().code != Code::kConflict) co_return std::move(written).error();
  }
  co_return Error{Code::kUnavailable, "revision_conflict",
                  "other instances changed the keys of " + id.str() + " again and again"};
}

Task<bool> Keeper::State::has_used_global(RealmName realm) {
  if (users_of_global.contains(realm)) co_return true;
  CO_TRY(const std::optional<storage::Document> document,
         co_await storage->document(kGlobalUseKind, realm, kGlobalUseId));
  if (document) users_of_global.insert(realm);
  co_return document.has_value();
}

Task<Done> Keeper::State::remember_use_of_global(RealmName realm) {
  CO_TRY(const bool is_known, co_await has_used_global(realm));
  if (is_known) co_return Done{};
  storage::PutDocument put;
  put.document.kind = kGlobalUseKind;
  put.document.realm = realm;
  put.document.id = kGlobalUseId;
  put.document.text = "{}";
  storage::Transaction transaction;
  transaction.push_back(std::move(put));
  CO_TRY(co_await storage->commit(std::move(transaction)));
  users_of_global.insert(realm);
  co_return Done{};
}

Task<Done> Keeper::State::load_documents(const std::set<RealmName>& realms_to_load) {
  const std::set<RealmName> names = realms_to_load;
  for (const auto& realm : names) {
    if (!has_stores(realm)) continue;
    CO_TRY(const std::vector<storage::Document> documents,
           co_await storage::all_documents(storage, "mapping", realm));
    for (const std::size_t place : places_of(realm))
      stores[place]->set_documents(documents);
  }
  co_return Done{};
}

Task<Done> Keeper::State::load_stores(const std::set<RealmName>& realms_to_load) {
  const Instant now = clock->now();
  const async::Executor executor = co_await async::current_executor();
  // All that can fail comes before the first load begins: none may go on when this has ended.
  std::vector<async::OneShot<Done>> loaded;
  std::vector<Task<Done>> loads, waits;
  for (const auto& realm : realms_to_load) {
    for (const std::size_t place : places_of(realm)) {
      loads.push_back(stores[place]->load(deadlines, options, now));
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

Task<Done> Keeper::State::refresh() {
  refreshes_covered = refreshes_asked.load();
  if (retry_asked.exchange(false)) {
    for (const auto& store : stores)
      store->retry_now();
  }
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
  in_use.merge(instances.realms_of_neighbours());
  in_use.insert(expected.begin(), expected.end());
  if (auto listed = co_await compromised.load(storage); !listed.ok()) {
    log::failure("compromised_keys_unread", listed.error());
    last_refresh = std::move(listed).error();
  }
  // Where storage does not answer the mappings stay as they were last known.
  auto documents = co_await load_documents(in_use);
  if (!documents.ok()) {
    log::failure("mappings_unread", documents.error());
    last_refresh = std::move(documents).error();
  }
  auto loaded = co_await load_stores(in_use);
  if (!loaded.ok()) last_refresh = std::move(loaded).error();
  show_stores();

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

Task<Done> Keeper::State::add_realm(RealmName realm, std::shared_ptr<RealmMap> next) {
  const RealmRingsPtr global = next->find(RealmName());
  if (!realm.empty() && !global) {
    co_return Error{Code::kUnavailable, "global_rings_missing",
                    "the global key rings could not be made"};
  }
  const auto current = realms.load();
  const RealmRingsPtr old = current->find(realm);
  const bool was_shared = old && old == current->find(RealmName());
  if (!realm.empty() && was_shared && !has_stores(realm)) {
    next->put(realm, global);
    co_return Done{};
  }
  if (!compromised.is_loaded()) {
    CO_TRY(co_await compromised.load(storage));
  }
  CO_TRY(const Journal remembered, co_await journal(realm));
  if (!realm.empty() && !has_stores(realm) && !remembered.has_any_living()) {
    CO_TRY(co_await remember_use_of_global(realm));
    next->put(realm, global);
    co_return Done{};
  }
  Journal global_journal;
  if (!realm.empty()) {
    CO_TRY(const bool used_global, co_await has_used_global(realm));
    if (used_global) {
      CO_TRY(global_journal, co_await journal(RealmName()));
    }
  }
  bool uses_global = false;

  Status outcome = Done{};
  auto rings = std::make_shared<RealmRings>();
  const Instant now = clock->now();
  for (const auto& id : ids_of(realm)) {
    Found found = find(realm, id, now);
    const bool is_own = realm.empty() || found.resolution.from_realm || remembered.has_living(id);
    if (!is_own) {
      const bool blocked = found.resolution.blocked_by.has_value();
      if (found.resolution.is_unread) rings->unread_.push_back(id);
      const LiveRing* shared = global->find(id);
      if (shared != nullptr && (!blocked || !shared->can_sign)) {
        const auto at = std::find_if(global->all().begin(), global->all().end(),
                                     [&](const auto& ring) { return ring.get() == shared; });
        rings->rings_.push_back(*at);
        uses_global = true;
      }
      if (blocked || shared == nullptr)
        rings->missing_.emplace_back(id, blocked ? *found.resolution.outage : global->why(id));
      continue;
    }
    if (!found.is_asked && !remembered.has_living(id)) {
      rings->missing_.emplace_back(id, not_mapped(id, realm));
      continue;
    }
    std::shared_ptr<const LiveRing> before;
    if (old) {
      for (const auto& ring : old->all()) {
        if (ring->id == id && ring->realm == realm) before = ring;
      }
    }
    const std::optional<Error> blocked_by = found.resolution.outage;
    if (found.resolution.is_unread) rings->unread_.push_back(id);
    auto lined = co_await line(realm, id, std::move(found), remembered.entries(id),
                               global_journal.entries(id), before);
    if (lined.ok()) {
      rings->rings_.push_back(std::move(lined).value());
      if (blocked_by) rings->missing_.emplace_back(id, *blocked_by);
      continue;
    }
    // What only storage refused must not take the ring from its users.
    const bool is_storage = lined.error().is(kJournalFailed);
    if (is_storage) outcome = lined.error();
    if (is_storage && before) {
      rings->rings_.push_back(before);
    } else {
      rings->missing_.emplace_back(id, std::move(lined).error());
    }
  }
  if (uses_global) {
    CO_TRY(co_await remember_use_of_global(realm));
  }
  const bool is_same = old && old->rings_ == rings->rings_ && old->unread_ == rings->unread_ &&
                       old->missing_.size() == rings->missing_.size() &&
                       std::equal(old->missing_.begin(), old->missing_.end(),
                                  rings->missing_.begin(), [](const auto& a, const auto& b) {
                                    return a.first == b.first && a.second.detail == b.second.detail;
                                  });
  for (const auto& [id, error] : rings->missing_) {
    if (error.reason == std::string_view("secret_not_mapped")) continue;
    if (old && !is_same && old->why(id).detail != error.detail)
      log::failure("secret_missing", error, {{"id", id.str()}, {"realm", realm.str()}});
  }
  if (is_same) {
    next->put(realm, old);
  } else {
    rings->generation_ = generation.load() + 1;
    next->put(realm, std::move(rings));
  }
  if (!outcome.ok()) {
    log::failure("journal_unwritten", outcome.error(), {{"realm", realm.str()}});
    last_refresh = outcome;
  }
  co_return Done{};
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
    fresh.meters.push_back({store.name(), store.realm(), store.meter()});
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
