#pragma once

#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <tuple>
#include <vector>

#include "secrets/cryptoperiod.h"
#include "secrets/keeper/keeper.h"

namespace signet::secrets {

/// Whether the entry is an active key whose time counts: passwords and trust anchors are none.
bool has_cryptoperiod(const RingEntry& entry);

/// Watches for how long the active keys of the realms in use are active. It is told once when
/// a key is through three quarters of its period and once when it is at its end, by each instance
/// and since its start, or since the key could sign again; nothing is refused or changed because of
/// it. Any thread, never on behalf of a request of a client.
class CryptoperiodWatch {
 public:
  /// So many keys are told one by one; where there are more, what is told does not grow with them.
  static constexpr std::size_t kMostKeys = 1000;
  /// So many keys that came of age are told in one look; of the others, how many they are.
  static constexpr std::size_t kMostTold = 100;

  struct Key {
    RealmName realm;  ///< of the ring; empty: global
    SecretId id;
    KeyId kid;
    Cryptoperiod period;
  };
  using Tell = std::function<void(const Key& key, KeyAge age)>;

  /// `tell`: hears of a key that came of age; empty: the log.
  CryptoperiodWatch(std::shared_ptr<const Keeper> keeper, std::shared_ptr<const Clock> clock,
                    Cryptoperiods periods, Tell tell = {});

  /// To be called after each refresh. Costs nothing while no ring changed and no time has come.
  void look();

  struct Report {
    std::size_t keys = 0;    ///< that are active
    std::size_t ending = 0;  ///< of these, past three quarters and not over
    std::size_t over = 0;
    std::vector<Key> furthest;  ///< through their period, first; at most kMostKeys
  };
  /// As of the last look; never null.
  std::shared_ptr<const Report> report() const;

  const Cryptoperiods& periods() const { return periods_; }

 private:
  struct Seen;
  using Name = std::tuple<RealmName, SecretId, KeyId>;

  /// The active keys of these rings, those furthest through their period first.
  std::vector<Seen> find(const std::vector<std::shared_ptr<const LiveRing>>& rings,
                         Instant now) const;
  void tell_of(const std::vector<Seen>& keys, Instant now);

  const std::shared_ptr<const Keeper> keeper_;
  const std::shared_ptr<const Clock> clock_;
  const Cryptoperiods periods_;
  const Tell tell_;

  std::mutex looking_;  ///< guards what follows, up to the next mutex
  std::uint64_t generation_ = 0;
  Instant last_look_{};
  Instant next_age_{};  ///< when the next key is older than it was told
  std::map<Name, KeyAge> told_;

  mutable std::mutex report_mutex_;
  std::shared_ptr<const Report> report_ = std::make_shared<const Report>();
};

}  // namespace signet::secrets
