#include "base/clock_watch.h"

namespace signet {
namespace {

Milliseconds apart(const Clock& clock) {
  return clock.now().time_since_epoch() - clock.monotone();
}

}  // namespace

ClockWatch::ClockWatch(const Clock& clock, Milliseconds tolerated)
    : clock_(clock), tolerated_(tolerated), apart_(apart(clock)) {}

std::optional<ClockWatch::Step> ClockWatch::look() {
  std::lock_guard hold(mutex_);
  const Milliseconds now = apart(clock_);
  const Milliseconds by = now - apart_;
  if (by < tolerated_ && by > -tolerated_) return std::nullopt;
  apart_ = now;
  last_ = Step{by, clock_.now()};
  return last_;
}

std::optional<ClockWatch::Step> ClockWatch::last() const {
  std::lock_guard hold(mutex_);
  return last_;
}

}  // namespace signet
