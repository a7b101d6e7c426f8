#include "base/clock_watch.h"

#include <gtest/gtest.h>

namespace signet {
namespace {

TEST(ClockWatch, f15_time_that_passes_is_no_step) {
  ManualClock clock;
  ClockWatch watch(clock);
  for (int i = 0; i < 100; ++i) {
    clock.advance(Seconds(3600));
    EXPECT_FALSE(watch.look());
  }
  EXPECT_FALSE(watch.last());
}

TEST(ClockWatch, f15_a_step_to_either_side_is_told_once_with_its_size) {
  for (const Milliseconds by : {Milliseconds(Seconds(600)), Milliseconds(Seconds(-600)),
                                Milliseconds(std::chrono::hours(24)), Milliseconds(Seconds(30))}) {
    ManualClock clock;
    ClockWatch watch(clock);
    clock.advance(Seconds(10));
    clock.set(clock.now() + by);
    const auto step = watch.look();
    ASSERT_TRUE(step) << by.count();
    EXPECT_EQ(step->by, by);
    EXPECT_EQ(step->seen, clock.now());
    clock.advance(Seconds(10));
    EXPECT_FALSE(watch.look());
    EXPECT_EQ(watch.last()->by, by);
  }
}

TEST(ClockWatch, f15_a_leap_second_is_tolerated_and_what_adds_up_is_not) {
  ManualClock clock;
  ClockWatch watch(clock);
  for (int i = 0; i < 29; ++i) {
    clock.set(clock.now() - Seconds(1));
    EXPECT_FALSE(watch.look());
  }
  clock.set(clock.now() - Seconds(1));
  ASSERT_TRUE(watch.last() || watch.look());
  EXPECT_EQ(watch.last()->by, Seconds(-30));
}

}  // namespace
}  // namespace signet
