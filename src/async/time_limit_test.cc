#include "async/time_limit.h"

#include <gtest/gtest.h>

#include <atomic>
#include <future>

namespace signet::async {
namespace {

TEST(TimeLimit, what_is_to_happen_happens_once_the_time_is_over) {
  std::promise<void> called;
  TimeLimit limit([&called] { called.set_value(); });
  limit.begin(Milliseconds(0));
  limit.begin(Milliseconds(0));
  called.get_future().get();
}

TEST(TimeLimit, what_ends_in_time_is_left_alone) {
  std::atomic<int> calls = 0;
  {
    const TimeLimit never_begun([&calls] { ++calls; });
    TimeLimit in_time([&calls] { ++calls; });
    in_time.begin(std::chrono::hours(1));
    in_time.begin(Milliseconds(0));
  }
  EXPECT_EQ(calls, 0);
}

}  // namespace
}  // namespace signet::async
