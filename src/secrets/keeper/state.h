#pragma once
// What the keeper knows and its parts share. Everything from `stores` on is touched only inside the
// gate; what readers see are the snapshots above it. Nobody asks a store inside the gate, since
// that may take its time: a reading is planned inside, made outside, and taken in inside again.
// Only configure() does, before which there is nothing to serve.

#include <map>
#include <mutex>

#include "base/settled_clock.h"
#include "base/shared_slot.h"
#include "secrets/keeper/box_pauses.h"
#include "secrets/keeper/compromised.h"
#include "secrets/keeper/deadlines.h"
#include "secrets/keeper/gate.h"
#include "secrets/keeper/journal.h"
#include "secrets/keeper/keeper.h"
#include "secrets/keeper/realm_map.h"
#include "secrets/keeper/ring_making.h"
#include "secrets/keeper/store_cache.h"
#include "secrets/keeper/usage_ledger.h"

namespace signet::secrets {

struct Keeper::State {
  /// Of every store, in the order of configuration.
  struct Seen {
    std::map<std::pair<RealmName, StoreName>, std::shared_ptr<Store>> stores;
    std::vector<StoreHealth> health;
    std::vector<StoreCache::Meter> meters;
  };

  State(std::shared_ptr<storage::Storage> storage_in, std::shared_ptr<Clock> clock_in,
        KeeperOptions options_in)
      : storage(std::move(storage_in)),
        clock(std::move(clock_in)),
        options(std::move(options_in)),
        settled_clock(*clock),
        instances(storage, clock, options.instance, options.refresh_every,
                  options.policy.jwks_max_age()),
        usage(storage, options.instance.id) {}

  const std::shared_ptr<storage::Storage> storage;
  const std::shared_ptr<Clock> clock;
  const KeeperOptions options;
  SettledClock settled_clock;
  Deadlines deadlines;
  AskingAhead asking_ahead;
  BoxPauses box_pauses;
  Gate gate;
  /// One refresh at a time, which is in the gate at its beginning and its end only. Entered before
  /// the gate.
  Gate refreshing;
  Instances instances;
  UsageLedger usage;

  SharedSlot<const RealmMap> realms{std::make_shared<const RealmMap>()};
  mutable std::mutex seen_mutex;
  Seen seen;
  std::atomic<std::uint64_t> generation{1};
  std::atomic<std::uint64_t> refreshes_asked{0};
  std::atomic<bool> retry_asked{false};  ///< by an operator: no store is left alone
  /// By an operator or for an unknown key: no store answers by what it read a while ago.
  std::atomic<bool> forget_asked{false};

  /// The refreshes for unknown keys: after each a pause, and who asks during one waits for it.
  struct ForUnknown {
    Milliseconds not_before = Milliseconds::min();  ///< of the monotone clock
    std::uint64_t ticket = 0;                       ///< of the last one
    bool is_under_way = false;
    std::optional<Error> failure;  ///< of the last refresh, whoever asked for it
  };
  std::mutex unknown_mutex;
  ForUnknown for_unknown;

  /// The first uses of realms that are under way, one at a time for each.
  std::mutex first_use_mutex;
  std::map<RealmName, std::weak_ptr<Gate>> first_uses;

  /// Only inside `refreshing`.
  std::uint64_t refreshes_covered = 0;
  Status last_shared = Done{};  ///< what the refresh that covers them came to

  std::mutex horizon_mutex;
  std::map<std::string, std::shared_ptr<Gate>> horizon_gates;

  std::vector<std::unique_ptr<StoreCache>> stores;
  std::map<RealmName, std::vector<std::size_t>> places;  ///< in `stores`, by realm
  std::set<RealmName> users_of_global;
  std::set<RealmName> expected;  ///< in use before anybody asked for them
  CompromisedKeys compromised;
  std::map<KeyId, KeyId> materials;  ///< of remembered keys, as compromised ones are told again
  Status last_refresh = Done{};
  std::uint64_t questions = 0;       ///< that were put to stores and mapping documents, counted
  std::uint64_t configurations = 0;  ///< how often `stores` was replaced
  /// A ring stays as it was: its mapping names what no store was asked for yet.
  bool is_behind = false;

  // store_calls.cc
  /// A store by name; null if unknown. Any thread.
  std::shared_ptr<Store> seen_store(const RealmName& realm, const StoreName& name) const;
  /// Where the calls of the store are counted; null if it is unknown. Any thread.
  std::shared_ptr<StoreMeter> seen_meter(const RealmName& realm, const StoreName& name) const;
  /// "store_unknown"; says where there is one of that name. Any thread.
  Error no_such_store(const RealmName& realm, const StoreName& name) const;

  // refresh.cc
  /// What is asked of the stores of some realms, and what came of it.
  struct Reading {
    std::set<RealmName> realms;
    std::vector<StoreReadingPtr> stores;
    std::uint64_t configuration = 0;
    Milliseconds began{};
    std::uint64_t term = 0;   ///< of the instances, when it began
    bool is_over = false;     ///< of a refresh: nothing is left to be asked for
    Status outcome = Done{};  ///< what storage could not say, and in the end what came of it all
  };
  using ReadingPtr = std::shared_ptr<Reading>;
  /// With the mapping documents of these realms; fails never.
  Task<ReadingPtr> plan_reading(std::set<RealmName> names);
  /// All stores at once. Outside of the gate, but while nothing is served yet.
  Task<Done> ask_stores(ReadingPtr reading);
  void take(Reading& reading);

  /// Not in the gate.
  Task<Done> refresh();
  Task<ReadingPtr> begin_refresh();
  Task<Done> end_refresh(ReadingPtr reading);
  enum class Stores { kAreRead, kAreKnown };
  /// In the gate: the rings anew from storage and the stores, which are read before or taken as
  /// they were last.
  Task<Done> refresh_rings(Stores what);
  /// What storage says of the other instances and of compromised keys.
  Task<Done> look_around();
  std::set<RealmName> realms_in_use() const;
  /// The rings of these realms, published and told to the others; as last_refresh.
  Task<Done> line_up_all(std::set<RealmName> in_use);
  /// After line_up_all(): what was published is all that there was to read.
  void note_lined_up(const Reading& reading, const Status& lined_up);
  /// Of a realm that is not in use yet: its stores have been read after this.
  Task<Done> read_unused(RealmName realm);
  /// refresh() unless one began after the ticket was drawn, by adding one to refreshes_asked.
  Task<Done> refresh_since(std::uint64_t ticket);
  void publish(std::shared_ptr<const RealmMap> next);
  /// After `stores` was replaced.
  void index_stores();
  const std::vector<std::size_t>& places_of(const RealmName& realm) const;
  void show_stores(const RealmName& realm);
  void show_stores();
  StoreCache* find_store(const RealmName& realm, const StoreName& name) const;
  bool has_stores(const RealmName& realm) const;
  Task<Journal> journal(RealmName realm);
  /// What the published rings hold in state prepared.
  std::set<PreparedKey> prepared_keys() const;
  static void add_prepared(const RealmName& realm, const RealmRings& rings,
                           std::set<PreparedKey>& out);
  /// The live instances that do not publish the key for long enough yet, in words.
  std::vector<std::string> missing(const RealmName& realm, const SecretId& id,
                                   const KeyId& kid) const;

  // keeper.cc
  /// What those enter who use the realm for the first time.
  std::shared_ptr<Gate> first_use_of(const RealmName& realm);
  /// Reads its stores if it has any of its own. Inside first_use_of().
  Task<RealmRingsPtr> use(RealmName realm);
  /// In the gate, when they are read. Published unless is_behind.
  Task<RealmRingsPtr> use_read(RealmName realm);

  // realm_rings.cc
  /// Lines up one realm and adds it to `next`, which holds the global rings already.
  Task<Done> add_realm(RealmName realm, std::shared_ptr<RealmMap> next);
  /// Whether the realm was ever served global rings; remembered in storage, because keys of its own
  /// that come later must wait until its verifiers know them.
  Task<bool> has_used_global(RealmName realm);
  Task<Done> remember_use_of_global(RealmName realm);

  // horizon.cc
  /// Of a global key that signs for a realm, in the global journal too: there it is retired.
  /// "key_gone" where another instance has just retired the key.
  Task<Done> write_horizon(RealmName realm, SecretId id, KeyId kid, Instant horizon);

  // line.cc
  /// What all realms share of one ID, for the ring of one of them.
  struct Shared {
    /// What the global journal remembers, if the realm was ever served from there.
    std::vector<JournalEntry> entries;
    std::shared_ptr<const LiveRing> ring;  ///< the global one; null if there is none
    bool has_stale_jwks = false;           ///< see Neighbours; of the realm whose ring is made
  };
  std::set<SecretId> ids_of(const RealmName& realm) const;
  Found find(const RealmName& realm, const SecretId& id, Instant now);
  /// The ring of one ID whose keys are remembered in `realm`. `before`: the ring until now, or
  /// null.
  Task<std::shared_ptr<const LiveRing>> line(RealmName realm, SecretId id, Found found,
                                             std::vector<JournalEntry> entries, Shared shared,
                                             std::shared_ptr<const LiveRing> before);

  /// Reads the mapping documents behind a ring again; whether the mapping of the ID changed.
  /// "mapping_unread" where it did, and names what was not read yet.
  Task<bool> reload_mapping(RealmName realm, SecretId id);
  /// The ring of an ID of which only storage knows how it is mapped: the one until now, unless one
  /// of its keys must not be used any more.
  /// As the clocks are at this moment.
  RotationPolicy policy();
  Result<std::shared_ptr<const LiveRing>> ring_behind(LiveRing ring, const Found& found,
                                                      std::vector<JournalEntry> entries,
                                                      std::shared_ptr<const LiveRing> before);

  // compromise.cc
  /// Marks the living keys among `entries` that are on the list of compromised ones; those of them
  /// that were not marked before.
  std::vector<KeyId> mark_compromised(std::vector<JournalEntry>& entries);
  Task<CompromiseReport> compromise(CompromiseRequest request);
  Task<Done> undo_compromise(CompromiseRequest request);
  Task<Done> undo_in(RealmName realm, CompromiseRequest request);

  // kid_clashes.cc
  /// "kid_reused" where a key of `added`, which the step would map to its ID, has the kid of
  /// another one: among `listed`, all that stand behind the ID then, among `entries`, what is
  /// remembered of it, or among what the realm serves under other IDs. Forced or not: that tells
  /// nobody them apart.
  Task<Done> check_kids(StepRequest step, std::vector<Secret> added, std::vector<Secret> listed,
                        std::vector<JournalEntry> entries);
  /// The same of a global key, in the realms in use that go by it.
  Status check_users(const SecretId& id, const Secret& secret) const;

  // undo.cc
  Task<Undone> undo_map(StepRequest step);
  /// Why the wanted key of a ring does not sign yet; nothing where it does.
  std::optional<Error> why_waiting(const RealmName& realm, const SecretId& id) const;

  // steps.cc
  using ChangeList = std::function<Result<std::vector<Alias>>(std::vector<Alias>)>;
  Task<Done> change_mapping(StepRequest step, ChangeList change);
  Task<Done> try_change(StepRequest step, ChangeList change);
  /// A list of aliases as it is and as a step would have it, and what the store says of them.
  struct ListChange {
    StoreContact contact;
    std::optional<storage::Document> document;
    std::vector<Alias> before, after;
    ReadAt began;
    std::uint64_t number = 0;
    std::map<Alias, Result<std::vector<Secret>>> secrets;
  };
  using ListChangePtr = std::shared_ptr<ListChange>;
  Task<ListChangePtr> plan_change(StepRequest step, ChangeList change);
  /// Asks the store, not in the gate.
  Task<Done> ask_for_listed(StepRequest step, ListChangePtr list);
  /// What the journal remembers of the ID of a step; the horizon of an active key is the latest one
  /// of the realm's own journal and of the global one.
  Task<std::vector<JournalEntry>> entries_for(StepRequest step);
};

/// The reason of a lineup that could not be made durable.
inline constexpr const char* kJournalFailed = "journal_failed";

/// The reason of a refresh that could not tell the other instances about it.
inline constexpr const char* kInstanceUnreported = "instance_unreported";

/// The reason of a mapping that is newer than what was read.
inline constexpr const char* kMappingUnread = "mapping_unread";

/// How often a write that another instance overtook is done again.
inline constexpr int kMaxConflicts = 8;

}  // namespace signet::secrets
