#pragma once

#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "secrets/keeper/deadlines.h"
#include "secrets/keeper/keeper.h"

namespace signet::secrets {

/// A configured store with what it last answered. One task at a time may touch it.
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
  /// Mapping documents of this store win over its configured mappings; one without aliases unmaps.
  /// Broken documents are reported to the log and leave what was there.
  void set_documents(const std::vector<storage::Document>& documents);
  /// What the configuration says of one ID; empty if nothing, and where it is a default of which
  /// the store has no alias.
  std::vector<Alias> configured_aliases(const SecretId& id) const;
  /// Without defaults of which the store is known to have no alias.
  const std::vector<Mapping>& mappings() const { return mappings_; }
  const Mapping* mapping(const SecretId& id) const;

  /// Asks for the fingerprint and for what changed or is not known. Outages are kept, not returned,
  /// and while the last good secrets serve on, the store is left alone for longer and longer; so is
  /// one alias that cannot be asked for in a store that answers, while the others go on.
  Task<Done> load(Deadlines& deadlines, const KeeperOptions& options, const Clock& clock);
  /// The next load asks, whatever failed before.
  void retry_now();
  /// One alias, straight from the store, within the time limit.
  Task<std::vector<Secret>> fetch(Deadlines& deadlines, Milliseconds limit, Alias alias) const;

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
  /// The wall clock's is for people; leases and rests go by the monotone one.
  struct Moment {
    Milliseconds monotone{};
    Instant wall{};
  };
  struct Entry {
    std::vector<Secret> secrets;
    std::optional<Error> unread;  ///< why the last reading failed; `secrets` is the one before
    Moment good_at;
    bool is_absent = false;                       ///< as the last answer said
    std::uint32_t failures = 0;                   ///< to be asked for, in a row
    Milliseconds retry_at = Milliseconds::min();  ///< not asked for before
    bool is_away() const { return failures != 0; }
    std::map<SecretId, std::vector<Secret>> bound;  ///< as each ID may use them
  };
  /// Every question to the store goes through here: limited in time, and counted.
  template <class T>
  Task<T> ask(Deadlines& deadlines, Milliseconds limit, Task<T> task) const;
  void back_off(const KeeperOptions& options, Milliseconds now);
  void tell_unread(const Alias& alias, const Error& error) const;
  /// Of an alias that the store says cannot be read, and of one that could not be asked for.
  void note_unread(const Alias& alias, Error error);
  Entry& note_away(const Alias& alias, Error error);
  void rest(Entry& entry, const KeeperOptions& options, Milliseconds now) const;
  bool is_any_away() const;
  void end_leases(const KeeperOptions& options, Milliseconds now);
  /// Takes what the store has to say for health; what is new goes to the log.
  void hear_warnings();
  Task<Done> read(Deadlines& deadlines, const KeeperOptions& options, Moment now);
  Task<Done> list_names(Deadlines& deadlines, Milliseconds limit);
  std::set<Alias> wanted() const;
  bool is_absent_default(const Mapping& mapping) const;
  void leave_out_absent_defaults();
  /// The wanted aliases, those that are away last, and of these the least tried first.
  std::vector<Alias> in_order() const;
  void keep(const Alias& alias, std::vector<Secret> secrets, Moment now);

  ConfiguredStore configured_;
  std::vector<Mapping> all_mappings_;  ///< with defaults of which nobody knows, or that are absent
  std::set<SecretId> by_default_;      ///< of these, the IDs that nobody mapped
  std::vector<Mapping> mappings_;
  std::set<Alias> names_;  ///< of a self-naming store: the IDs it holds
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
