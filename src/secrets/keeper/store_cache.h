#pragma once

#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "secrets/keeper/keeper.h"
#include "secrets/keeper/store_reading.h"

namespace signet::secrets {

/// A configured store with what it last answered. One task at a time may touch it, and it waits for
/// nobody: the store is asked by readings that it plans, and takes in.
class StoreCache {
 public:
  explicit StoreCache(ConfiguredStore configured) : configured_(std::move(configured)) {}

  const RealmName& realm() const { return configured_.realm; }
  const StoreName& name() const { return configured_.store->name(); }
  const std::shared_ptr<Store>& store() const { return configured_.store; }
  bool is_self_naming() const { return store()->ordering() == Ordering::kSelfNaming; }
  bool is_versioned() const { return store()->ordering() == Ordering::kByStore; }

  /// The same store with other mappings.
  void set_configured(ConfiguredStore configured) { configured_ = std::move(configured); }
  /// The mappings as these documents make them, which win over the configured ones; one without
  /// aliases unmaps. Broken documents are reported to the log and leave what is there.
  StoreMappingsPtr mappings_by(const std::vector<storage::Document>& documents) const;
  /// Those that are in force, with defaults that the store may not have.
  const StoreMappings& all_mappings() const { return *all_mappings_; }
  /// What storage says now of one ID, which counts against every reading that began before. All of
  /// the aliases were read: otherwise their keys would look lost.
  void set_mapping(const SecretId& id, std::vector<Alias> aliases, std::uint64_t number);
  bool has_read(const std::vector<Alias>& aliases) const;
  /// What the configuration says of one ID; empty if nothing, and where it is a default of which
  /// the store has no alias.
  std::vector<Alias> configured_aliases(const SecretId& id) const;
  /// Without defaults of which the store is known to have no alias.
  const std::vector<Mapping>& mappings() const { return mappings_; }
  const Mapping* mapping(const SecretId& id) const;

  StoreContact contact() const { return {store(), realm(), meter_, key_meter_}; }
  /// What is to be asked now. `documents`: as storage has them; null: they are not known.
  StoreReadingPtr plan(std::uint64_t number, const std::vector<storage::Document>* documents,
                       const KeeperOptions& options, const Clock& clock) const;
  /// Takes what came of a plan: the mappings it went by, and the answers, but for what was asked
  /// later and is known already. Outages are kept, and while the last good secrets serve on, the
  /// store is left alone for longer and longer; so is one alias that cannot be asked for in a store
  /// that answers, while the others go on.
  void take(StoreReadingPtr reading, const KeeperOptions& options, const Clock& clock);
  /// The same of one alias that was asked for by itself.
  void take(const Alias& alias, std::vector<Secret> secrets, ReadAt began, std::uint64_t number);
  /// The next plan asks, whatever failed before.
  void retry_now();

  /// The IDs that this store may hold, as far as it is known.
  std::set<SecretId> ids() const;
  /// What it holds for the ID; nothing if the ID is not its business. Entries that could not be
  /// read are added to `unread`.
  std::optional<StoreAnswer> answer(const SecretId& id, std::vector<Skipped>& unread);
  StoreHealth health(const KeeperOptions& options) const;

  /// What was counted of the calls, for other threads to read.
  struct Meter {
    StoreName name;
    RealmName realm;
    std::shared_ptr<StoreMeter> counts;
    std::shared_ptr<const StoreMeter> key_counts;
  };
  /// To count what is asked of the store elsewhere as well.
  std::shared_ptr<StoreMeter> meter() const { return meter_; }
  /// Of what its keys in boxes did.
  std::shared_ptr<const StoreMeter> key_meter() const { return key_meter_; }

 private:
  struct Entry {
    std::vector<Secret> secrets;
    std::optional<Error> unread;  ///< why the last reading failed; `secrets` is the one before
    ReadAt good_at;
    std::uint64_t number = 0;                     ///< of the question that this answers
    bool is_absent = false;                       ///< as the last answer said
    std::uint32_t failures = 0;                   ///< to be asked for, in a row
    Milliseconds retry_at = Milliseconds::min();  ///< not asked for before
    bool is_away() const { return failures != 0; }
    std::map<SecretId, std::vector<Secret>> bound;  ///< as each ID may use them
  };
  void back_off(const KeeperOptions& options, Milliseconds now);
  void tell_unread(const Alias& alias, const Error& error) const;
  /// Of an alias that the store says cannot be read, and of one that could not be asked for.
  void note_unread(const Alias& alias, Error error, std::uint64_t number);
  Entry& note_away(const Alias& alias, Error error, std::uint64_t number);
  void rest(Entry& entry, const KeeperOptions& options, Milliseconds now) const;
  bool is_any_away() const;
  /// Whether what is known of the alias was asked later.
  bool is_newer(const Alias& alias, std::uint64_t number) const;
  void end_leases(const KeeperOptions& options, Milliseconds now);
  /// Takes what the store has to say for health; what is new goes to the log.
  void hear_warnings(std::vector<std::string> heard);
  void set_mappings(StoreMappingsPtr mappings, std::uint64_t number);
  /// `names`: as wanted() says.
  void take_answers(StoreReading& reading, const std::set<Alias>& names,
                    const KeeperOptions& options);
  void take_outage(StoreReading& reading, const KeeperOptions& options);
  /// An alias of which nothing was asked is none that is not there.
  void doubt_unasked(const std::set<Alias>& names);
  std::set<Alias> wanted() const;
  /// Adds which kids that the operator chose are nobody's, and why.
  void warn_of_unused_kids(std::vector<std::string>& warnings) const;
  bool is_absent_default(const Mapping& mapping) const;
  void leave_out_absent_defaults();
  void keep(const Alias& alias, std::vector<Secret> secrets, ReadAt now, std::uint64_t number);

  ConfiguredStore configured_;
  StoreMappingsPtr all_mappings_ = std::make_shared<const StoreMappings>();
  std::vector<Mapping> mappings_;
  /// The IDs that were mapped by themselves, and since which question.
  std::map<SecretId, std::uint64_t> mapped_;
  std::uint64_t taken_ = 0;  ///< the last reading that was taken
  std::set<Alias> names_;    ///< of a self-naming store: the IDs it holds
  bool is_listed_ = false;
  std::string fingerprint_;
  std::map<Alias, Entry> entries_;
  std::optional<Error> outage_;
  std::vector<std::string> warnings_;  ///< as of the last reading
  /// When all was read, or known to be unreadable. For people; what follows from it goes by
  /// last_good_at_.
  Instant last_good_{};
  // By the monotone clock: leases and rests are as long as they are, whoever sets the other one.
  Milliseconds last_good_at_{};
  std::uint32_t failures_ = 0;                   ///< in a row
  Milliseconds retry_at_ = Milliseconds::min();  ///< not asked before
  std::shared_ptr<StoreMeter> meter_ = std::make_shared<StoreMeter>();
  std::shared_ptr<StoreMeter> key_meter_ = std::make_shared<StoreMeter>();
};

}  // namespace signet::secrets
