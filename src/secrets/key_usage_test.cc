#include "secrets/key_usage.h"

#include <gtest/gtest.h>

#include <thread>
#include <vector>

namespace signet::secrets {
namespace {

constexpr Instant kNow = from_unix_seconds(1'700'000'000);

TEST(UsageMeter, counts_each_use_with_its_last_time) {
  const UsageMeter meter;
  EXPECT_TRUE(is_unused(meter.sum()));
  meter.count(KeyUse::kSign, kNow);
  meter.count(KeyUse::kSign, kNow + Seconds(5));
  meter.count(KeyUse::kVerify, kNow + Seconds(9));
  const UseTotals totals = meter.sum();
  EXPECT_EQ(totals[0], (UseTotal{2, kNow + Seconds(5)}));
  EXPECT_EQ(totals[1], (UseTotal{1, kNow + Seconds(9)}));
  EXPECT_EQ(totals[2], UseTotal{});
}

TEST(UsageMeter, loses_nothing_between_more_threads_than_it_has_cells) {
  const UsageMeter meter;
  std::vector<std::thread> threads;
  for (int i = 0; i < 100; ++i) {
    threads.emplace_back([&] {
      for (int n = 0; n < 1000; ++n)
        meter.count(KeyUse::kDecrypt, kNow);
    });
  }
  for (auto& thread : threads)
    thread.join();
  EXPECT_EQ(meter.sum()[3].count, 100'000u);
}

TEST(UseTotals, add_up_and_are_taken_apart) {
  UseTotals one, two;
  one[0] = {3, kNow};
  two[0] = {4, kNow + Seconds(1)};
  EXPECT_EQ(since(one, two)[0], (UseTotal{1, kNow + Seconds(1)}));
  add(one, two);
  EXPECT_EQ(one[0], (UseTotal{7, kNow + Seconds(1)}));
}

}  // namespace
}  // namespace signet::secrets
