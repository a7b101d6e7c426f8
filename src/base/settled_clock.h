#pragma once

#include <mutex>

#include "base/clock.h"

namespace signet {

/// By how much the wall clock is ahead of what it showed before somebody set it forward. What must
/// not end too early (a key, a revocation, a token in storage) ends by now() - ahead(): the clock
/// may be set back in a moment, and what was thrown away meanwhile would be missed. A clock that
/// stays forward for `settles_after` is believed; one that is set back is believed at once. Any
/// thread.
class SettledClock {
 public:
  static constexpr Milliseconds kSettlesAfter = std::chrono::hours(1);

  /// `tolerated`: by how much it may move between two looks without having been set. `clock` must
  /// outlive this.
  explicit SettledClock(const Clock& clock, Milliseconds settles_after = kSettlesAfter,
                        Milliseconds tolerated = Seconds(30));

  /// Looks at the clock; zero: it is believed.
  Milliseconds ahead();

 private:
  const Clock& clock_;
  const Milliseconds settles_after_, tolerated_;
  std::mutex mutex_;
  Milliseconds apart_;  ///< of the wall clock, as it is believed, from the monotone one
  Milliseconds ahead_{0};
  Milliseconds forward_since_{0};  ///< by the monotone clock, while ahead_ is not zero
};

}  // namespace signet
