#include "app/upkeep.h"

#include <algorithm>

#include "base/log.h"
#include "storage/expired.h"

namespace signet::app {
namespace {

/// How often the uses of keys are written down.
constexpr Seconds kUsageFlush{60};

/// What expired is removed this often, however seldom keys are refreshed.
constexpr Milliseconds kMostBetweenPurges{60'000};

}  // namespace

void flush_usage(secrets::Keeper& keeper) {
  const auto flushed = async::caught([&keeper] { return async::run_now(keeper.flush_usage()); });
  if (!flushed.ok()) log::failure("usage_unwritten", flushed.error());
}

void Upkeep::start() {
  maintenance_ = std::thread([this] { maintain(); });
  heart_ = std::thread([this] { beat(); });
  purger_ = std::thread([this] { purge(); });
  rotation_ = std::thread([this] { rotate(); });
}

void Upkeep::note_changed_keys() {
  {
    std::lock_guard hold(mutex_);
    has_changed_keys_ = true;
  }
  wake_.notify_all();
}

void Upkeep::ask_to_stop() {
  parts_.rotation->ask_to_stop();
  {
    std::lock_guard hold(mutex_);
    is_stopping_ = true;
  }
  wake_.notify_all();
}

void Upkeep::stop_all_but_rotation() {
  ask_to_stop();
  if (maintenance_.joinable()) maintenance_.join();
  if (heart_.joinable()) heart_.join();
  if (purger_.joinable()) purger_.join();
}

void Upkeep::stop() {
  stop_all_but_rotation();
  if (rotation_.joinable()) rotation_.join();
}

// One thread; nothing on the request path waits for it.
void Upkeep::maintain() {
  auto due = std::chrono::steady_clock::now() + parts_.every;
  std::unique_lock hold(mutex_);
  for (;;) {
    wake_.wait_until(hold, due, [this] { return is_stopping_ || has_changed_keys_; });
    if (is_stopping_) return;
    has_changed_keys_ = false;
    hold.unlock();
    const auto refreshed =
        async::caught([this] { return async::run_now(parts_.services->keeper->refresh_due()); });
    if (!refreshed.ok()) log::failure("refresh_failed", refreshed.error());
    tell_refreshed();
    {
      std::lock_guard again(mutex_);
      has_refreshed_ = true;
    }
    wake_.notify_all();
    if (std::chrono::steady_clock::now() >= due) {
      sweep();
      flush();
      due = std::chrono::steady_clock::now() + parts_.every;
    }
    hold.lock();
  }
}

// A thread of its own: a step waits for its store, and the making of a key for up to two minutes,
// while this instance has to follow what the others change. After each refresh, as it goes by the
// rings; and without one when it is long in coming, since the lease has to be renewed.
void Upkeep::rotate() {
  std::unique_lock hold(mutex_);
  for (;;) {
    wake_.wait_for(hold, 2 * parts_.every, [this] { return is_stopping_ || has_refreshed_; });
    if (is_stopping_) return;
    has_refreshed_ = false;
    hold.unlock();
    const auto rotated = async::caught([this] { return async::run_now(parts_.rotation->run()); });
    if (!rotated.ok()) log::failure("rotation_failed", rotated.error());
    hold.lock();
  }
}

void Upkeep::tell_refreshed() {
  const auto told = async::caught([this]() -> Status {
    parts_.refreshed();
    return Done{};
  });
  static_cast<void>(told);  // the log has it
}

void Upkeep::sweep() {
  const auto swept = async::caught([this] { return async::run_now(direct_keys_.step()); });
  if (!swept.ok()) log::failure("direct_keys_unswept", swept.error());
}

void Upkeep::flush() {
  const Milliseconds now = parts_.services->clock->monotone();
  if (now < next_flush_) return;
  next_flush_ = now + kUsageFlush;
  flush_usage(*parts_.services->keeper);
}

// A thread of its own: a sweep may take all the time until the next one, and keys are refreshed
// meanwhile.
void Upkeep::purge() {
  const Milliseconds every = std::min(parts_.every, kMostBetweenPurges);
  std::unique_lock hold(mutex_);
  auto due = std::chrono::steady_clock::now() + every;
  while (!wake_.wait_until(hold, due, [this] { return is_stopping_; })) {
    hold.unlock();
    due = std::chrono::steady_clock::now() + every;
    const auto purged = async::caught([this, due] { return purge_until(due); });
    if (!purged.ok()) log::failure("purge_failed", purged.error());
    hold.lock();
  }
}

Status Upkeep::purge_until(std::chrono::steady_clock::time_point end) {
  oauth::Services& services = *parts_.services;
  // What is dropped by a clock that is wrong is missed once it is right: a revocation above all.
  const Instant now = services.clock->now() - services.keeper->policy().clock_ahead;
  services.denied->forget_expired(now);
  if (!async::run_now(services.storage->ping()).ok()) {
    // A disk that refused is tried with something to write, so that health recovers without
    // traffic.
    Bytes probe(32);
    services.random->fill(probe);
    storage::Transaction transaction;
    transaction.emplace_back(storage::UseOnce{RealmName(), std::move(probe), now});
    TRY(async::run_now(services.storage->commit(std::move(transaction))));
  }
  const auto goes_on = [this, end](std::int64_t rows) {
    purged_rows_ += rows;
    std::lock_guard hold(mutex_);
    return !is_stopping_ && std::chrono::steady_clock::now() < end;
  };
  TRY(const bool is_all, async::run_now(storage::purge_expired(services.storage, now, goes_on)));
  is_purge_behind_ = !is_all;
  return Done{};
}

// A thread of its own: maintenance may wait for slow stores, and must not look dead meanwhile.
void Upkeep::beat() {
  std::unique_lock hold(mutex_);
  while (!wake_.wait_for(hold, parts_.every, [this] { return is_stopping_; })) {
    hold.unlock();
    const auto told =
        async::caught([this] { return async::run_now(parts_.services->keeper->beat()); });
    if (!told.ok()) log::failure("instance_unreported", told.error());
    hold.lock();
  }
}

}  // namespace signet::app
