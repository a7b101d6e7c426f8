#include "base/worker.h"

#include <gtest/gtest.h>

#include <condition_variable>
#include <mutex>
#include <set>
#include <thread>
#include <vector>

namespace signet {
namespace {

TEST(Worker, given_any_number_of_cores_then_there_is_a_loop_and_no_more_than_have_slots) {
  EXPECT_EQ(loops_for(0), 1U);
  EXPECT_EQ(loops_for(1), 1U);
  EXPECT_EQ(loops_for(kMaxLoops - 1), kMaxLoops - 1);
  EXPECT_EQ(loops_for(kMaxLoops), kMaxLoops);
  EXPECT_EQ(loops_for(kMaxWorkers), kMaxLoops);
  EXPECT_EQ(loops_for(1024), kMaxLoops);
}

TEST(Worker, given_the_most_loops_and_threads_beside_them_then_each_has_a_slot_of_its_own) {
  std::mutex mutex;
  std::condition_variable all_have;
  std::multiset<std::size_t> slots;
  std::vector<std::thread> threads;
  // The thread of the tests may have a slot as well.
  for (std::size_t i = 0; i + 1 < kMaxWorkers; ++i) {
    threads.emplace_back([&] {
      const std::size_t slot = worker_index();
      std::unique_lock hold(mutex);
      slots.insert(slot);
      all_have.notify_all();
      all_have.wait(hold, [&] { return slots.size() + 1 == kMaxWorkers; });
    });
  }
  for (auto& thread : threads)
    thread.join();
  EXPECT_EQ(std::set<std::size_t>(slots.begin(), slots.end()).size(), kMaxWorkers - 1);
  EXPECT_LT(*slots.rbegin(), kMaxWorkers);
}

}  // namespace
}  // namespace signet
