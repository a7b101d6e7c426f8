#include "base/settled_clock.h"

namespace signet {
namespace {

Milliseconds apart(const Clock& clock) {
  return clock.now().time_since_epoch() - clock.monotone();
}

}  // namespace

SettledClock::SettledClock(const Clock& clock, Milliseconds settles_after, Milliseconds tolerated)
    : clock_(clock), settles_after_(settles_after), tolerated_(tolerated), apart_(apart(clock)) {}

Milliseconds SettledClock::ahead() {
  const std::lock_guard hold(mutex_);
  const Milliseconds now = apart(clock_);
  const Milliseconds by = now - apart_;
  const bool has_settled =
      ahead_ > Milliseconds(0) && clock_.monotone() - forward_since_ >= settles_after_;
  if (by <= tolerated_ || has_settled) {
    apart_ = now;
    ahead_ = Milliseconds(0);
    return ahead_;
  }
  // Set forward once more: the hour begins anew.
  if (by > ahead_ + tolerated_) forward_since_ = clock_.monotone();
  ahead_ = by;
  return ahead_;
}

}  // namespace signet
