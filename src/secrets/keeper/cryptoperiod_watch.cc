#include "secrets/keeper/cryptoperiod_watch.h"

#include <algorithm>

#include "base/log.h"

namespace signet::secrets {
namespace {

void log_age(const CryptoperiodWatch::Key& key, KeyAge age) {
  const std::string since = to_rfc3339(key.period.since), end = to_rfc3339(key.period.end());
  const std::initializer_list<log::Field> fields = {{"id", key.id.str()},
                                                    {"realm", key.realm.str()},
                                                    {"kid", key.kid.str()},
                                                    {"since", since},
                                                    {"end", end}};
  if (age == KeyAge::kOver) {
    log::error("cryptoperiod_over", fields);
  } else {
    log::warn("cryptoperiod_ending", fields);
  }
}

}  // namespace

bool has_cryptoperiod(const RingEntry& entry) {
  return entry.state == KeyState::kActive && entry.usage && entry.secret.key;
}

/// A key as it is found; points into the rings.
struct CryptoperiodWatch::Seen {
  const LiveRing* ring;
  const KeyId* kid;
  Cryptoperiod period;
  double share;

  Name name() const { return {ring->realm, ring->id, *kid}; }
  Key copy() const { return {ring->realm, ring->id, *kid, period}; }
};

CryptoperiodWatch::CryptoperiodWatch(std::shared_ptr<const Keeper> keeper,
                                     std::shared_ptr<const Clock> clock, Cryptoperiods periods,
                                     Tell tell)
    : keeper_(std::move(keeper)),
      clock_(std::move(clock)),
      periods_(std::move(periods)),
      tell_(tell ? std::move(tell) : log_age) {}

void CryptoperiodWatch::look() {
  std::lock_guard hold(looking_);
  const Instant now = clock_->now();
  const std::uint64_t generation = keeper_->generation();
  // A clock that was set back makes keys younger.
  const bool is_as_told = generation == generation_ && now >= last_look_ && now < next_age_;
  last_look_ = now;
  if (is_as_told) return;
  generation_ = generation;

  const auto rings = keeper_->rings_in_use();
  const std::vector<Seen> keys = find(rings, now);
  auto report = std::make_shared<Report>();
  report->keys = keys.size();
  next_age_ = Instant::max();
  for (const auto& key : keys) {
    if (report->furthest.size() < kMostKeys) report->furthest.push_back(key.copy());
    switch (key.period.age_at(now)) {
      case KeyAge::kFresh:
        next_age_ = std::min(next_age_, key.period.ending());
        break;
      case KeyAge::kEnding:
        ++report->ending;
        next_age_ = std::min(next_age_, key.period.end());
        break;
      case KeyAge::kOver:
        ++report->over;
        break;
    }
  }
  tell_of(keys, now);
  std::lock_guard hold_report(report_mutex_);
  report_ = std::move(report);
}

std::vector<CryptoperiodWatch::Seen> CryptoperiodWatch::find(
    const std::vector<std::shared_ptr<const LiveRing>>& rings, Instant now) const {
  std::vector<Seen> keys;
  for (const auto& ring : rings) {
    for (const auto& entry : ring->entries) {
      if (!has_cryptoperiod(entry)) continue;
      const auto period = periods_.of(ring->realm, ring->id, entry.history);
      if (period) keys.push_back({ring.get(), &entry.history.kid, *period, period->share_at(now)});
    }
  }
  const auto told = keys.begin() + static_cast<std::ptrdiff_t>(std::min(keys.size(), kMostKeys));
  std::partial_sort(keys.begin(), told, keys.end(), [](const Seen& a, const Seen& b) {
    if (a.share != b.share) return a.share > b.share;
    return std::tie(a.ring->realm, a.ring->id) < std::tie(b.ring->realm, b.ring->id);
  });
  return keys;
}

void CryptoperiodWatch::tell_of(const std::vector<Seen>& keys, Instant now) {
  std::map<Name, KeyAge> told;
  std::size_t count = 0;
  for (const auto& key : keys) {
    const KeyAge age = key.period.age_at(now);
    if (age == KeyAge::kFresh) continue;
    Name name = key.name();
    const auto before = told_.find(name);
    const bool is_news = before == told_.end() || before->second < age;
    told.emplace(std::move(name), age);
    if (is_news && ++count <= kMostTold) tell_(key.copy(), age);
  }
  if (count > kMostTold) log::warn("cryptoperiods_more", {{"keys", count - kMostTold}});
  told_ = std::move(told);
}

std::shared_ptr<const CryptoperiodWatch::Report> CryptoperiodWatch::report() const {
  std::lock_guard hold(report_mutex_);
  return report_;
}

}  // namespace signet::secrets
