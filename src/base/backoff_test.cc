#include "base/backoff.h"

#include <set>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace signet {
namespace {

using std::chrono::seconds;

TEST(Backoff, doubles_to_its_limit) {
  std::vector<std::int64_t> delays;
  for (std::uint32_t failures = 0; failures < 6; ++failures)
    delays.push_back(backoff_delay(failures, seconds(10), seconds(60), nullptr).count());
  EXPECT_THAT(delays, testing::ElementsAre(0, 10'000, 20'000, 40'000, 60'000, 60'000));
  EXPECT_EQ(backoff_delay(4'000'000'000U, seconds(10), seconds(60), nullptr), seconds(60));
  EXPECT_EQ(backoff_delay(1, seconds(90), seconds(60), nullptr), seconds(60));
}

TEST(Backoff, the_first_failure_is_waited_for_too) {
  SeededRandom random(1);
  const auto delay = backoff_delay(1, Milliseconds(100), seconds(2), &random);
  EXPECT_GE(delay, Milliseconds(50));
  EXPECT_LE(delay, Milliseconds(100));
}

TEST(Backoff, jitter_stays_between_a_half_and_the_whole_and_differs) {
  SeededRandom random(7);
  std::set<std::int64_t> seen;
  for (int i = 0; i < 200; ++i) {
    const auto delay = backoff_delay(3, seconds(10), seconds(60), &random);
    EXPECT_GE(delay, seconds(20));
    EXPECT_LE(delay, seconds(40));
    seen.insert(delay.count());
  }
  EXPECT_GT(seen.size(), 100U);
}

}  // namespace
}  // namespace signet
