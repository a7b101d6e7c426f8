#pragma once
// One reading of a store. It owns what it needs and touches nothing of the keeper's, so that it
// goes on outside of the gate, and ends well although a new configuration has dropped the store.

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "secrets/keeper/asking_ahead.h"
#include "secrets/keeper/deadlines.h"
#include "secrets/keeper/store_meter.h"
#include "secrets/mapping.h"
#include "secrets/stores/store.h"

namespace signet::secrets {

/// A store as it is asked: every question has a limit on its time, and is counted.
struct StoreContact {
  std::shared_ptr<Store> store;
  RealmName realm;  ///< whose it is; empty: a global one
  std::shared_ptr<StoreMeter> meter, key_meter;
};

/// One alias, straight from the store, within the time limit.
Task<std::vector<Secret>> fetch_from(StoreContact contact, Deadlines& deadlines, Milliseconds limit,
                                     Alias alias);

/// The wall clock's is for people; leases and rests go by the monotone one.
struct ReadAt {
  Milliseconds monotone{};
  Instant wall{};
};

/// What one store's mappings are, as configuration and storage say.
struct StoreMappings {
  std::vector<Mapping> all;       ///< with defaults of which nobody knows, or that are absent
  std::set<SecretId> by_default;  ///< of these, the IDs that nobody mapped

  const Mapping* find(const SecretId& id) const;
  /// Somebody maps it; no aliases: somebody unmaps it.
  void put(const SecretId& id, std::vector<Alias> aliases);
  /// Of all IDs that have rings.
  std::set<Alias> aliases() const;
  friend bool operator==(const StoreMappings& a, const StoreMappings& b);
};
using StoreMappingsPtr = std::shared_ptr<const StoreMappings>;

struct StoreReading {
  /// Why an alias is asked for although nothing changed: nothing is known of it, or not all.
  struct Doubt {
    std::uint32_t failures = 0;                   ///< to be asked for, in a row
    Milliseconds retry_at = Milliseconds::min();  ///< not asked for before
  };
  struct Answer {
    Alias alias;
    Result<std::vector<Secret>> secrets;  ///< an error: it is there and cannot be read
  };

  // What is to be asked, by StoreCache::plan().
  StoreContact contact;
  /// Among all questions of the keeper; who began later has the greater one, and wins.
  std::uint64_t number = 0;
  ReadAt began;
  Milliseconds limit{};
  bool rests = false;  ///< the store is left alone for now
  StoreMappingsPtr mappings;
  bool has_new_mappings = false;  ///< they are as storage says, not as they were
  std::set<Alias> mapped;         ///< their aliases; empty of a self-naming store
  std::string fingerprint;        ///< the last one
  std::set<Alias> names;          ///< of a self-naming store: the IDs it held last
  bool is_listed = false;         ///< these are known
  std::map<Alias, Doubt> doubts;

  // What came of it, by ask_store().
  bool is_over = false;     ///< nothing below counts before
  bool is_ordered = false;  ///< so far that aliases were asked for, or found unchanged
  bool has_changed = false;
  std::optional<std::string> new_fingerprint;
  std::optional<std::set<Alias>> new_names;
  std::vector<Answer> answers;
  std::vector<std::pair<Alias, Error>> away;  ///< that could not be asked for
  std::optional<Error> outage;                ///< of the store as a whole
  std::vector<std::string> warnings;

  /// It came to no end: nothing of it counts, and the store is out.
  void break_off(Error why);
};
using StoreReadingPtr = std::shared_ptr<StoreReading>;

/// Asks for the fingerprint and for what changed or is not known: for as many aliases at once as
/// the store allows and `ahead` has turns for, once it gave one answer, and one after the other
/// where it gave none to the last question. What came of it is in the order of asking, whoever was
/// answered first. One alias that fails does not keep the others from being read. Never fails:
/// outages are kept in the reading. None of the questions goes on when it has ended, but those that
/// nobody answered in time.
Task<Done> ask_store(StoreReadingPtr reading, Deadlines& deadlines, AskingAhead& ahead);

}  // namespace signet::secrets
