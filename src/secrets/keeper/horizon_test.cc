// Until when tokens of a key may live, raised before one is made.

#include "secrets/keeper/test_support.h"
#include "support/matchers.h"

namespace signet::secrets {
namespace {

using signet::test::fails;
using signet::test::is_ok;
using namespace test;

TEST(RaiseHorizon, is_durable_before_it_answers_and_writes_rarely) {
  World world;
  auto keeper = world.start({"a"});
  const int commits = world.storage->commits;
  ASSERT_THAT(world.issue(*keeper, Seconds(60)), is_ok());
  EXPECT_EQ(world.record(kid(1))->horizon,
            world.clock->now() + Seconds(60) + world.options.horizon_step);
  for (int i = 0; i < 600; ++i) {
    ASSERT_THAT(world.issue(*keeper, Seconds(60 + i)), is_ok());
  }
  EXPECT_EQ(world.storage->commits, commits + 1);
}

TEST(RaiseHorizon, a_write_that_failed_raises_nothing) {
  World world;
  auto keeper = world.start({"a"});
  world.storage->fault = Error{Code::kUnavailable, "storage_full", "full"};
  EXPECT_THAT(world.issue(*keeper, Seconds(60)), fails("storage_full"));
  EXPECT_EQ(World::ring(*keeper)->active_horizon->load(), 0);
}

TEST(RaiseHorizon, callers_at_the_same_time_share_one_write) {
  World world;
  auto keeper = world.start({"a"});
  const auto ring = World::ring(*keeper);
  const int commits = world.storage->commits;
  const auto many = [](Keeper* over, std::shared_ptr<const LiveRing> live,
                       Instant expires) -> Task<Done> {
    const async::Executor executor = co_await async::current_executor();
    std::vector<async::OneShot<Done>> waits(20);
    for (auto& wait : waits) {
      async::start<Done>(executor, over->raise_horizon(live, expires),
                         [wait](Result<Done> result) mutable { wait.complete(std::move(result)); });
    }
    for (auto& wait : waits) {
      const Result<Done> done = co_await wait.wait();
      if (!done.ok()) co_return done.error();
    }
    co_return Done{};
  };
  ASSERT_THAT(async::run_now(many(keeper.get(), ring, world.clock->now() + Seconds(60))), is_ok());
  EXPECT_EQ(world.storage->commits, commits + 1);
}

}  // namespace
}  // namespace signet::secrets
