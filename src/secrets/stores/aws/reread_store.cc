#include "secrets/stores/aws/reread_store.h"

#include <algorithm>

#include "base/text.h"
#include "crypto/digest.h"

namespace signet::secrets::aws {
namespace {

constexpr std::size_t kMostReadings = 1024;
/// AWS does not know everywhere at once what was just made: until an instance sees the key that
/// another one made, it cannot publish it, and nobody may sign with it.
constexpr Seconds kAbsentReread{10};
/// Nobody asks any more for what was not read again for so long after it was due.
constexpr Seconds kForgotten{3600};

}  // namespace

Error RereadStore::in_this_store(Error error) const {
  error.detail = "store " + quoted(name_.view()) + ": " + error.detail;
  return error;
}

Task<std::vector<Secret>> RereadStore::fetch(Alias alias) {
  CO_TRY(const KeptPtr kept, co_await current(std::move(alias)));
  co_return kept->reading.secrets;
}

void RereadStore::forget_cached() {
  const std::lock_guard lock(mutex_);
  ++epoch_;
}

bool RereadStore::is_fresh(const Kept& kept, Milliseconds now) const {
  if (kept.epoch != epoch_) return false;
  const bool is_absent = kept.reading.secrets.empty();
  const Seconds life = is_absent ? std::min(reread_, kAbsentReread) : reread_;
  return now - kept.at < life;
}

Task<RereadStore::KeptPtr> RereadStore::current(Alias alias) {
  const Milliseconds now = access_->context.clock->monotone();
  std::uint64_t epoch = 0;
  {
    const std::lock_guard lock(mutex_);
    const auto found = kept_.find(alias);
    if (found != kept_.end() && is_fresh(*found->second, now)) co_return found->second;
    epoch = epoch_;
  }
  auto reading = co_await read(alias);
  if (!reading) co_return told(alias, std::move(reading).error());
  co_return store_reading(alias, std::move(*reading), now, epoch);
}

std::vector<Secret> RereadStore::keep(const Alias& alias, Reading reading) {
  std::uint64_t epoch = 0;
  {
    const std::lock_guard lock(mutex_);
    epoch = epoch_;
  }
  return store_reading(alias, std::move(reading), access_->context.clock->monotone(), epoch)
      ->reading.secrets;
}

RereadStore::KeptPtr RereadStore::store_reading(const Alias& alias, Reading reading,
                                                Milliseconds at, std::uint64_t epoch) {
  auto fresh = std::make_shared<Kept>();
  fresh->epoch = epoch;
  fresh->reading = std::move(reading);
  fresh->at = at;
  for (Secret& secret : fresh->reading.secrets) {
    secret.alias = alias;
    secret.store = name_;
  }
  warnings_.set(alias.str(), std::move(fresh->reading.warnings));
  const std::lock_guard lock(mutex_);
  if (kept_.size() < kMostReadings || kept_.contains(alias)) kept_[alias] = fresh;
  return fresh;
}

Task<std::vector<Alias>> RereadStore::aliases() {
  co_return in_this_store({Code::kUnsupported, "aliases_unsupported",
                           service_ + " is not asked for a list, which needs a right of its own"});
}

Task<std::string> RereadStore::fingerprint() {
  const Milliseconds now = access_->context.clock->monotone();
  std::string all;
  bool is_any_due = false;
  {
    const std::lock_guard lock(mutex_);
    for (auto entry = kept_.begin(); entry != kept_.end();) {
      const auto& [alias, kept] = *entry;
      all += alias.str() + "=" + kept->reading.stamp + "\n";
      is_any_due |= !is_fresh(*kept, now);
      if (now - kept->at < reread_ + kForgotten) {
        ++entry;
      } else {
        warnings_.set(alias.str(), {});
        entry = kept_.erase(entry);
      }
    }
  }
  if (all.empty() || is_any_due) co_return std::string();
  co_return hex(crypto::sha256(as_bytes(all)));
}

}  // namespace signet::secrets::aws
