#pragma once
// How far the clock of another instance is from ours, by the times that it writes down.

#include <optional>

#include "base/clock.h"

namespace signet::secrets {

/// So far may the clocks of two instances be apart before operators are told.
inline constexpr Milliseconds kClocksApart = Seconds(30);

/// Another clock less ours, as far as it is known: nothing says when exactly a time was written,
/// only between which two moments.
class ClockDifference {
 public:
  ClockDifference() = default;
  /// `written` by its clock, read `now` by ours, and not yet there `since` ago; nothing: it may
  /// have been there for ever.
  ClockDifference(Instant written, Instant now, std::optional<Milliseconds> since);

  /// What both say; the newer alone where they contradict each other, since a clock was set.
  ClockDifference then(const ClockDifference& newer) const;
  /// By how much it is ahead at least; negative: behind; zero where the two may agree.
  Milliseconds certain() const;
  bool is_apart() const { return std::chrono::abs(certain()) >= kClocksApart; }

 private:
  Milliseconds least_ = Milliseconds::min(), most_ = Milliseconds::max();
};

}  // namespace signet::secrets
