#pragma once
// The instances of a cluster, as each tells the others through storage: which prepared keys it
// publishes already, and for how long copies of its JWKS may be kept. A key signs only when every
// live instance publishes it, and when no copy without it is left.

#include <algorithm>
#include <map>
#include <mutex>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "base/clock.h"
#include "base/clock_watch.h"
#include "secrets/keeper/clock_difference.h"
#include "secrets/keeper/gate.h"
#include "secrets/keeper/kinds.h"
#include "secrets/secret.h"
#include "storage/storage.h"

namespace signet::secrets {

/// A key in state prepared.
struct PreparedKey {
  RealmName realm;  ///< whose journal holds it; empty: global
  SecretId id;
  KeyId kid;
  friend auto operator<=>(const PreparedKey&, const PreparedKey&) = default;
};

/// Who an instance is. An empty id: it is alone and keeps no document.
struct InstanceInfo {
  std::string id;       ///< random, for the life of the process
  std::string version;  ///< of the program
  std::string address;  ///< for people; may be empty
  Instant started{};
  /// The ids of its sealing keys; the first seals. Empty: it tells nothing of them.
  std::vector<std::string> sealing_keys{};
};

/// An instance as it is seen from here.
struct InstanceStatus {
  InstanceInfo info;
  bool is_self = false;
  bool is_live = true;
  std::set<PreparedKey> prepared;
  /// By how much its clock is ahead of ours at least; negative: behind; zero where they may agree.
  Milliseconds clock_ahead{0};
};

/// Who lives is judged by our own monotone clock alone: an instance whose document did not change
/// for three of its intervals is dead, however wrong its clock or ours may be. What a dead one
/// served last may still be cached, so for as long it is waited for like a live one. Any thread.
class Instances {
 public:
  /// `interval`: how often beat() is called. `cache_life`: for how long a JWKS of this instance may
  /// be cached; the others say for how long theirs may.
  Instances(std::shared_ptr<storage::Storage> storage, std::shared_ptr<Clock> clock,
            InstanceInfo self, Seconds interval, Seconds cache_life);

  bool is_alone() const { return self_.id.empty(); }
  const InstanceInfo& self() const { return self_; }
  /// Tells the others what is published here now; writes at once if that changed.
  Task<Done> report(std::set<PreparedKey> prepared);
  /// The same of keys that come to those that were told.
  Task<Done> report_more(std::set<PreparedKey> prepared);
  /// Writes the document anew if an interval is over.
  Task<Done> beat();
  /// Reads the others' documents and sweeps out those of the long dead; looks at the clock as well,
  /// also where it is alone.
  Task<Done> observe();
  /// Says in our document that this instance serves no more.
  Task<Done> leave();

  /// The live instances that have not published the key for as long as any of them lets its JWKS be
  /// cached, and the gone ones whose JWKS without it may still be cached, in words; empty if there
  /// are none. An instance without live neighbours does not wait for itself, unless its clock was
  /// set forward: then only what it published itself counts.
  std::vector<std::string> missing(const PreparedKey& key) const;

  /// Whether others may keep copies of a JWKS that is served now. Not where the other instances may
  /// soon go on without asking this one: they hold it for dead when they saw no sign of life for
  /// three intervals, and wait from then on for as long as copies of its JWKS may live. It counts
  /// from before it wrote the last one, and ends an interval earlier, so a copy is dead an interval
  /// before the first key signs that this instance was not asked about: more than what clocks of
  /// different speed, and the way of the copy, make of it. When it is heard again it has to line up
  /// its rings first, since keys may sign by then that it does not have.
  bool copies_may_be_kept() const;
  /// Why not, in words; empty where they may.
  std::string why_no_copies() const;
  /// Of the time in which the others hear of this instance without a break; what is read from now
  /// on tells what they have done before.
  std::uint64_t term() const;
  /// The rings are what storage and stores said after the call of term() that returned this.
  void lined_up(std::uint64_t term);
  /// The prepared keys of a ring that live neighbours publish.
  std::vector<KeyId> published_by_neighbours(const RealmName& realm, const SecretId& id) const;
  /// Realms with keys that live neighbours are about to use: this instance takes part in them.
  std::set<RealmName> realms_of_neighbours() const;
  std::vector<InstanceStatus> all() const;
  /// By how much our clock is ahead of the slowest one of a live instance, at least.
  Milliseconds ahead_of_slowest() const;
  /// The last step of the wall clock that was noticed.
  std::optional<ClockWatch::Step> clock_step() const { return watch_.last(); }

 private:
  struct Peer {
    InstanceInfo info;
    Seconds interval{};
    std::int64_t revision = 0;
    Milliseconds seen_at{};  ///< when this revision was first seen, by our monotone clock
    bool has_left = false;
    /// For how long copies of its JWKS may be kept; zero where it does not say.
    Seconds cache_life{0};
    std::optional<Instant> written_at;  ///< this revision, by its own clock
    ClockDifference clock_ahead;        ///< of ours
    /// For how long it had published each when it wrote this revision.
    std::map<PreparedKey, Milliseconds> prepared;
  };
  void look_at_clock();
  Task<Done> write(bool is_forced);
  /// Takes over what this instance said under the same id before it was started, once.
  Task<Done> recall();
  /// For how long copies that were handed out under this id may be kept at most. What the life
  /// before said counts until the last copy of it is dead, however short ours is.
  Seconds announced_life(Milliseconds now) const;
  /// How long ago the others were told that this instance lives, by whichever clock says more: one
  /// of them stands still while a machine sleeps.
  Milliseconds silent_for() const;
  bool is_silent() const;
  std::string text(Milliseconds now) const;
  static std::optional<Peer> read(const storage::Document& document);
  bool is_live(const Peer& peer, Milliseconds now) const;
  /// By a revision that is new; `before` is the one that the last look found, if any.
  ClockDifference compare_clocks(const Peer& peer, const Peer* before,
                                 std::optional<Milliseconds> since_last_look) const;
  /// For how long a silent one is held for alive.
  Milliseconds life_after_word(const Peer& peer) const;
  /// For how long copies of its JWKS may be kept; never taken for less than of our own.
  Seconds life_of_copies(const Peer& peer) const { return std::max(cache_life_, peer.cache_life); }
  /// For how long a copy of the JWKS of one that is gone may be kept from now on without the key;
  /// zero or less: none is left.
  Milliseconds copies_live_on(const Peer& gone, const PreparedKey& key, Milliseconds now) const;

  const std::shared_ptr<storage::Storage> storage_;
  const std::shared_ptr<Clock> clock_;
  ClockWatch watch_;
  const InstanceInfo self_;
  const Seconds interval_, cache_life_;

  Gate gate_;  ///< one writing of the document at a time
  mutable std::mutex mutex_;
  std::map<PreparedKey, Milliseconds> prepared_;  ///< and since when
  std::optional<Milliseconds> written_at_;
  bool has_left_ = false;
  bool has_recalled_ = false;
  std::optional<Peer> former_;  ///< this instance before it was started
  /// When the last document that is durable began to be written, by our two clocks.
  struct Told {
    Milliseconds at;
    Instant by_wall_clock;
  };
  std::optional<Told> told_;
  std::uint64_t term_ = 0, lined_up_in_ = 0;
  bool was_set_forward_ = false;  ///< the clock, in the life of this process
  std::map<std::string, Peer> peers_;
  std::optional<Milliseconds> observed_at_;  ///< when the others were read last
  std::optional<Milliseconds> looked_at_;    ///< when the last look that succeeded began
  std::optional<Error> unread_;              ///< why the others are not known
};

}  // namespace signet::secrets
