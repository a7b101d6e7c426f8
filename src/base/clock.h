#pragma once
// Time as an argument: dry code takes an Instant, wet code asks a Clock once per request.

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace signet {

/// The time line of Instant: UTC, milliseconds since 1970. Has no now(): ask a Clock.
struct Utc {
  using duration = std::chrono::milliseconds;
  using rep = duration::rep;
  using period = duration::period;
  using time_point = std::chrono::time_point<Utc>;
  static constexpr bool is_steady = false;
};
using Instant = Utc::time_point;
using Seconds = std::chrono::seconds;
using Milliseconds = std::chrono::milliseconds;

/// 9999-12-31T23:59:59Z: no date that four digits can write is later.
inline constexpr std::int64_t kLastUnixSecond = 253'402'300'799;

/// What is further from 1970 than kLastUnixSecond, as a broken document may be, becomes that.
constexpr Instant from_unix_seconds(std::int64_t seconds) {
  return Instant(Seconds(std::clamp(seconds, -kLastUnixSecond, kLastUnixSecond)));
}
/// Whole seconds since 1970, rounded down: the NumericDate of RFC 7519 §2.
constexpr std::int64_t unix_seconds(Instant instant) {
  return std::chrono::floor<Seconds>(instant.time_since_epoch()).count();
}

/// "2026-11-21T18:50:49.123Z" (RFC 3339).
std::string to_rfc3339(Instant instant);
/// RFC 3339 in UTC ("Z" or "+00:00"), with or without a fraction; what is finer than milliseconds
/// is cut off. Nothing for anything else, "t" and "z" among it.
std::optional<Instant> parse_rfc3339(std::string_view text);

/// Tells the time. Shared by all threads.
class Clock {
 public:
  virtual ~Clock() = default;
  virtual Instant now() const = 0;
  /// Time since a moment of its own, which no setting of the clock moves: for waits, and for
  /// judging whether another instance still lives.
  virtual Milliseconds monotone() const { return now().time_since_epoch(); }
};

/// The system's real-time clock.
class SystemClock : public Clock {
 public:
  Instant now() const override {
    return Instant(std::chrono::duration_cast<Milliseconds>(
        std::chrono::system_clock::now().time_since_epoch()));
  }
  Milliseconds monotone() const override {
    return std::chrono::duration_cast<Milliseconds>(
        std::chrono::steady_clock::now().time_since_epoch());
  }
};

/// A clock that moves only by hand, for tests.
class ManualClock : public Clock {
 public:
  explicit ManualClock(Instant start = from_unix_seconds(1'700'000'000)) : now_(start) {}
  Instant now() const override { return now_; }
  Milliseconds monotone() const override { return passed_; }
  void advance(Milliseconds by) {
    now_ += by;
    passed_ += by;
  }
  /// Sets the clock, as an administrator does: no time passes.
  void set(Instant to) { now_ = to; }

 private:
  Instant now_;
  Milliseconds passed_{0};
};

}  // namespace signet
