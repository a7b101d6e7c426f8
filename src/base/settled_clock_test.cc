#include "base/settled_clock.h"

#include <gtest/gtest.h>

namespace signet {
namespace {

constexpr Milliseconds kNone{0};
constexpr Milliseconds kDay = std::chrono::hours(24);

TEST(SettledClock, f15_a_clock_that_was_set_forward_is_believed_after_an_hour) {
  ManualClock clock;
  SettledClock settled(clock);
  clock.advance(kDay);
  EXPECT_EQ(settled.ahead(), kNone) << "time passed";
  clock.set(clock.now() + kDay);
  EXPECT_EQ(settled.ahead(), kDay);
  clock.advance(SettledClock::kSettlesAfter - Seconds(1));
  EXPECT_EQ(settled.ahead(), kDay);
  clock.advance(Seconds(1));
  EXPECT_EQ(settled.ahead(), kNone);
}

TEST(SettledClock, f15_one_that_is_set_back_is_believed_at_once) {
  ManualClock clock;
  SettledClock settled(clock);
  clock.set(clock.now() + kDay);
  EXPECT_EQ(settled.ahead(), kDay);
  clock.set(clock.now() - kDay);
  EXPECT_EQ(settled.ahead(), kNone);
  clock.set(clock.now() - kDay);
  EXPECT_EQ(settled.ahead(), kNone);
  clock.set(clock.now() + kDay);
  EXPECT_EQ(settled.ahead(), kDay) << "forward again, to where it was";
}

TEST(SettledClock, one_that_is_set_again_and_again_begins_anew_each_time) {
  ManualClock clock;
  SettledClock settled(clock);
  for (int i = 1; i <= 3; ++i) {
    clock.set(clock.now() + kDay);
    EXPECT_EQ(settled.ahead(), i * kDay);
    clock.advance(SettledClock::kSettlesAfter - Seconds(1));
    EXPECT_EQ(settled.ahead(), i * kDay);
  }
}

TEST(SettledClock, one_that_drifts_was_not_set) {
  ManualClock clock;
  SettledClock settled(clock);
  for (int i = 0; i < 1000; ++i) {
    clock.set(clock.now() + Seconds(20));
    EXPECT_EQ(settled.ahead(), kNone);
  }
}

}  // namespace
}  // namespace signet
