// Keepers over one storage, and threads over one keeper.

#include <thread>

#include "secrets/keeper/test_support.h"

namespace signet::secrets {
namespace {

using namespace test;

TEST(Keeper, two_keepers_that_start_together_agree_on_who_signs) {
  World world;
  auto one = world.keeper(), two = world.keeper();
  // The second overtakes the first between its reading and its writing; it has another order.
  world.storage->before_commit = [&] { ASSERT_THAT(world.map(*two, {"b", "a"}), is_ok()); };
  ASSERT_THAT(world.map(*one, {"a", "b"}), is_ok());
  EXPECT_EQ(World::active(*two), kid(2));
  EXPECT_EQ(World::active(*one), kid(2));
  EXPECT_EQ(world.record(kid(1))->state, "prepared");
}

TEST(Keeper, two_keepers_that_activate_together_end_with_the_same_lineup) {
  World world;
  auto one = world.start({"a", "b", "c"});
  auto two = world.start({"a", "b", "c"});
  world.clock->advance(world.options.policy.publish_ahead);
  world.storage->before_commit = [&] {
    ASSERT_THAT(async::run_now(two->activate(world.step("c"))), is_ok());
  };
  ASSERT_THAT(async::run_now(one->activate(world.step("b"))), is_ok());
  ASSERT_THAT(World::refresh(*two), is_ok());
  EXPECT_EQ(World::active(*one), kid(2));
  EXPECT_EQ(World::kids(*one), World::kids(*two));
  int active = 0;
  const auto keys = async::run_now(world.storage->keys(kGlobal));
  ASSERT_THAT(keys, is_ok());
  for (const auto& key : *keys)
    active += key.state == "active" ? 1 : 0;
  EXPECT_EQ(active, 1);
}

TEST(Keeper, sec_102_readers_on_other_threads_always_see_a_whole_ring) {
  World world;
  auto keeper = world.start({"a", "b"});
  world.clock->advance(world.options.policy.publish_ahead);
  std::atomic<bool> is_over{false};
  std::atomic<int> faults{0};
  std::vector<std::thread> readers;
  for (int i = 0; i < 3; ++i) {
    readers.emplace_back([&] {
      while (!is_over) {
        const auto rings = keeper->rings_now(kGlobal);
        const LiveRing* ring = rings ? rings->find(kEs256) : nullptr;
        if (ring == nullptr || ring->ring->valid().size() != 2 || !ring->can_sign) ++faults;
      }
    });
  }
  for (int i = 0; i < 50; ++i) {
    EXPECT_THAT(i % 2 == 0 ? world.map(*keeper, {"b", "a"}) : world.map(*keeper, {"a", "b"}),
                is_ok());
  }
  is_over = true;
  for (auto& reader : readers)
    reader.join();
  EXPECT_EQ(faults, 0);
}

TEST(Keeper, refreshes_from_many_threads_take_turns_and_share_their_work) {
  World world;
  world.store->version = 0;  // so that each refresh reads the store
  auto keeper = world.start({"a"});
  const int fetches = world.store->fetches;
  std::atomic<int> faults{0};
  std::vector<std::thread> threads;
  for (int i = 0; i < 6; ++i) {
    threads.emplace_back([&] {
      for (int n = 0; n < 20; ++n) {
        if (!World::refresh(*keeper).ok()) ++faults;
      }
    });
  }
  for (auto& thread : threads)
    thread.join();
  EXPECT_EQ(faults, 0);
  EXPECT_LE(world.store->fetches - fetches, 120);
  EXPECT_EQ(World::active(*keeper), kid(1));
}

}  // namespace
}  // namespace signet::secrets
