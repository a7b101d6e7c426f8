#include "secrets/keeper/lease.h"

#include <barrier>
#include <thread>

#include "secrets/keeper/test_support.h"

namespace signet::secrets {
namespace {

using namespace test;

constexpr Seconds kLasts{30};

struct Rivals {
  std::shared_ptr<ManualClock> clock = std::make_shared<ManualClock>();
  std::shared_ptr<FaultyStorage> storage =
      std::make_shared<FaultyStorage>(storage::memory::open(*clock));

  std::unique_ptr<Lease> rival(const std::string& holder, const char* name = "rotation") {
    return std::make_unique<Lease>(storage, clock, name, holder, kLasts);
  }
  static bool acquire(Lease& lease) {
    const auto got = async::run_now(lease.acquire());
    EXPECT_THAT(got, is_ok());
    return got.ok() && *got;
  }
};

TEST(Lease, is_for_one_and_renewed_by_it_alone) {
  Rivals rivals;
  auto one = rivals.rival("one"), two = rivals.rival("two");
  EXPECT_TRUE(Rivals::acquire(*one));
  EXPECT_FALSE(Rivals::acquire(*two));
  for (int i = 0; i < 10; ++i) {
    rivals.clock->advance(Seconds(20));
    EXPECT_TRUE(Rivals::acquire(*one));
    EXPECT_FALSE(Rivals::acquire(*two));
  }
  EXPECT_TRUE(one->is_held());
  EXPECT_FALSE(two->is_held());
}

TEST(Lease, of_a_dead_holder_goes_to_another_after_its_time_and_the_old_one_knows_it_is_over) {
  Rivals rivals;
  auto one = rivals.rival("one"), two = rivals.rival("two");
  EXPECT_TRUE(Rivals::acquire(*one));
  EXPECT_FALSE(Rivals::acquire(*two));
  rivals.clock->advance(kLasts - Milliseconds(1));
  EXPECT_FALSE(Rivals::acquire(*two));
  EXPECT_TRUE(one->is_held());
  rivals.clock->advance(Milliseconds(1));
  EXPECT_FALSE(one->is_held()) << "before anybody else has it";
  EXPECT_TRUE(Rivals::acquire(*two));
  EXPECT_FALSE(Rivals::acquire(*one));
}

TEST(Lease, whoever_sees_it_for_the_first_time_waits_for_its_whole_time) {
  Rivals rivals;
  auto one = rivals.rival("one");
  EXPECT_TRUE(Rivals::acquire(*one));
  rivals.clock->advance(std::chrono::hours(1));
  auto late = rivals.rival("late");
  EXPECT_FALSE(Rivals::acquire(*late)) << "it may have been renewed a moment ago";
  rivals.clock->advance(kLasts);
  EXPECT_TRUE(Rivals::acquire(*late));
}

TEST(Lease, a_clock_that_jumps_takes_it_from_nobody) {
  Rivals rivals;
  auto one = rivals.rival("one"), two = rivals.rival("two");
  EXPECT_TRUE(Rivals::acquire(*one));
  EXPECT_FALSE(Rivals::acquire(*two));
  rivals.clock->set(rivals.clock->now() + std::chrono::hours(24));
  EXPECT_FALSE(Rivals::acquire(*two));
  EXPECT_TRUE(one->is_held());
}

TEST(Lease, that_is_given_up_is_free_at_once) {
  Rivals rivals;
  auto one = rivals.rival("one"), two = rivals.rival("two");
  EXPECT_TRUE(Rivals::acquire(*one));
  ASSERT_THAT(async::run_now(one->release()), is_ok());
  EXPECT_FALSE(one->is_held());
  EXPECT_TRUE(Rivals::acquire(*two));
  ASSERT_THAT(async::run_now(one->release()), is_ok()) << "not ours: nothing to give up";
  EXPECT_FALSE(Rivals::acquire(*one));
}

TEST(Lease, is_not_held_by_one_whose_renewal_fails_for_its_whole_time) {
  Rivals rivals;
  auto one = rivals.rival("one");
  EXPECT_TRUE(Rivals::acquire(*one));
  rivals.storage->fault = Error{Code::kUnavailable, "storage_unavailable", ""};
  rivals.clock->advance(Seconds(20));
  EXPECT_THAT(async::run_now(one->acquire()), fails("storage_unavailable"));
  EXPECT_TRUE(one->is_held());
  rivals.clock->advance(Seconds(10));
  EXPECT_FALSE(one->is_held());
}

TEST(Lease, has_exactly_one_holder_in_a_thousand_races) {
  for (int race = 0; race < 1000; ++race) {
    ManualClock clock;
    std::shared_ptr<storage::Storage> storage = storage::memory::open(clock);
    auto time = std::make_shared<ManualClock>();
    const int count = 2 + race % 4;
    std::vector<std::unique_ptr<Lease>> leases;
    for (int i = 0; i < count; ++i)
      leases.push_back(std::make_unique<Lease>(storage, time, "x", std::to_string(i), kLasts));
    // The first round is for a free lease; the second, for one whose holder died.
    for (int round = 0; round < 2; ++round) {
      std::atomic<int> winners{0};
      std::barrier start(count);
      std::vector<std::thread> threads;
      for (auto& lease : leases) {
        threads.emplace_back([&] {
          start.arrive_and_wait();
          const auto got = async::run_now(lease->acquire());
          if (got.ok() && *got) ++winners;
        });
      }
      for (auto& thread : threads)
        thread.join();
      ASSERT_EQ(winners.load(), 1) << "race " << race << ", round " << round;
      for (auto& lease : leases) {
        if (lease->is_held()) continue;
        ASSERT_FALSE(*async::run_now(lease->acquire()));  // now all have seen whose it is
      }
      time->advance(kLasts);
    }
  }
}

}  // namespace
}  // namespace signet::secrets
