#include "base/rate_limit.h"

#include <algorithm>
#include <thread>
#include <vector>

#include <gtest/gtest.h>

namespace signet {
namespace {

std::size_t accepted(RateLimit& limit, const Clock& clock, std::size_t asked) {
  std::size_t count = 0;
  for (std::size_t i = 0; i < asked; ++i)
    count += limit.take(clock) ? 1 : 0;
  return count;
}

TEST(RateLimit, accepts_so_many_at_one_moment_and_no_more) {
  const ManualClock clock;
  for (const std::size_t most : {1U, 2U, 3U, 10U, 1000U}) {
    RateLimit limit(most);
    EXPECT_EQ(accepted(limit, clock, 3 * most), most);
  }
}

TEST(RateLimit, each_place_is_free_again_a_second_after_it_was_taken_to_the_millisecond) {
  ManualClock clock;
  RateLimit limit(3);
  struct Row {
    int wait_ms;
    std::size_t asked, accepted;
  };
  for (const Row row : {Row{0, 1, 1}, Row{400, 1, 1}, Row{300, 5, 1},  // at 0, 400 and 700
                        Row{299, 5, 0}, Row{1, 5, 1},                  // 999; 1000: the first
                        Row{399, 5, 0}, Row{1, 5, 1},                  // 1400: the second
                        Row{300, 5, 1}, Row{299, 5, 0}, Row{1, 5, 1}, Row{5000, 9, 3}}) {
    clock.advance(Milliseconds(row.wait_ms));
    EXPECT_EQ(accepted(limit, clock, row.asked), row.accepted) << clock.monotone().count();
  }
}

TEST(RateLimit, counts_over_sliding_seconds_and_not_over_those_of_the_calendar) {
  ManualClock clock(from_unix_seconds(1'700'000'000));
  RateLimit limit(100);
  clock.advance(Milliseconds(999));
  EXPECT_EQ(accepted(limit, clock, 100), 100U);
  clock.advance(Milliseconds(1));  // a new second by the clock on the wall
  EXPECT_EQ(accepted(limit, clock, 100), 0U);
}

TEST(RateLimit, a_clock_that_is_set_back_or_ahead_changes_nothing) {
  ManualClock clock;
  RateLimit limit(2);
  EXPECT_EQ(accepted(limit, clock, 5), 2U);
  clock.set(clock.now() - Seconds(3600));
  EXPECT_EQ(accepted(limit, clock, 5), 0U);
  clock.set(clock.now() + Seconds(7200));
  EXPECT_EQ(accepted(limit, clock, 5), 0U);
  clock.advance(Milliseconds(1000));
  EXPECT_EQ(accepted(limit, clock, 5), 2U);
}

TEST(RateLimit, is_idle_a_second_after_the_last_acceptance) {
  ManualClock clock;
  RateLimit limit(3);
  EXPECT_TRUE(limit.is_idle(clock));
  for (int i = 0; i < 7; ++i) {
    EXPECT_TRUE(limit.take(clock));
    EXPECT_FALSE(limit.is_idle(clock)) << i;
    clock.advance(Milliseconds(999));
    EXPECT_FALSE(limit.is_idle(clock)) << i;
    clock.advance(Milliseconds(1));
    EXPECT_TRUE(limit.is_idle(clock)) << i;
  }
}

// Moves when it is told to, by any thread; remembers what it told each thread last.
class SharedClock : public Clock {
 public:
  Instant now() const override { return Instant(monotone()); }
  Milliseconds monotone() const override { return Milliseconds(told = time_.load()); }
  void advance(std::int64_t ms) { time_.fetch_add(ms); }
  static inline thread_local std::int64_t told = 0;

 private:
  std::atomic<std::int64_t> time_{5};
};

template <class Work>
void on_threads(std::size_t count, const Work& work) {
  std::vector<std::thread> threads;
  for (std::size_t i = 0; i < count; ++i)
    threads.emplace_back([&work, i] { work(i); });
  for (auto& thread : threads)
    thread.join();
}

TEST(RateLimit, threads_that_ask_at_one_moment_get_exactly_so_many) {
  SharedClock clock;
  for (const std::size_t most : {1U, 7U, 500U}) {
    RateLimit limit(most);
    for (int round = 0; round < 20; ++round) {
      std::atomic<std::size_t> count{0};
      on_threads(4, [&](std::size_t) { count += accepted(limit, clock, most); });
      EXPECT_EQ(count, most) << "round " << round;
      clock.advance(999);
      on_threads(4, [&](std::size_t) { count += accepted(limit, clock, most); });
      EXPECT_EQ(count, most) << "round " << round << ", a millisecond too early";
      clock.advance(1);
    }
  }
}

// The whole promise: whatever the threads do to each other, no second has more than N, and whoever
// was refused was refused because N had been accepted in the second before.
TEST(RateLimit, is_exact_over_every_sliding_second_while_many_threads_ask_and_time_passes) {
  constexpr std::size_t kThreads = 6, kAsks = 20'000;
  for (const std::size_t most : {1U, 5U, 64U}) {
    SharedClock clock;
    RateLimit limit(most);
    std::vector<std::int64_t> taken[kThreads], refused[kThreads];
    on_threads(kThreads, [&](std::size_t me) {
      for (std::size_t i = 0; i < kAsks; ++i) {
        if (i % 5 == me) clock.advance(static_cast<std::int64_t>(i % 3));
        const bool got = limit.take(clock);
        (got ? taken : refused)[me].push_back(SharedClock::told);
      }
    });
    std::vector<std::int64_t> all;
    for (const auto& mine : taken)
      all.insert(all.end(), mine.begin(), mine.end());
    std::sort(all.begin(), all.end());
    EXPECT_GT(all.size(), most * 10) << "time did not pass";
    for (std::size_t i = 0; i + most < all.size(); ++i)
      ASSERT_GE(all[i + most] - all[i], 1000) << "more than " << most << " from " << all[i];
    for (const auto& mine : refused) {
      for (const std::int64_t at : mine) {
        const auto from = std::upper_bound(all.begin(), all.end(), at - 1000);
        const auto to = std::upper_bound(all.begin(), all.end(), at);
        ASSERT_EQ(static_cast<std::size_t>(to - from), most) << "refused at " << at;
      }
    }
  }
}

}  // namespace
}  // namespace signet
