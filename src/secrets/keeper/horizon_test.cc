// Until when tokens of a key may live, raised before one is made.

#include "secrets/keeper/test_support.h"

namespace signet::secrets {
namespace {

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

/// How many of the written records others are told of, and of how many they are not.
struct Told {
  explicit Told(World& world) {
    world.storage->on_commit =
        [this](const storage::Transaction& transaction) -> std::optional<Error> {
      for (const auto& change : transaction) {
        const auto* put = std::get_if<storage::PutKey>(&change);
        if (put != nullptr) ++(put->is_told ? loud : quiet);
      }
      return std::nullopt;
    };
  }
  int loud = 0, quiet = 0;
};

TEST(RaiseHorizon, of_the_active_key_tells_nobody_and_who_retires_it_reads_it_all_the_same) {
  World world;
  auto one = world.start({"a", "b"});
  auto two = world.start({"a", "b"});
  Told told(world);
  // Given: tokens of another instance, of which this one was never told.
  ASSERT_THAT(world.issue(*two, Seconds(7200)), is_ok());
  EXPECT_EQ(told.quiet, 1);
  EXPECT_EQ(told.loud, 0);
  world.clock->advance(world.options.policy.publish_ahead);
  // When: it makes another key active, which the others have to know.
  ASSERT_THAT(async::run_now(one->activate(world.step("b"))), is_ok());
  EXPECT_GE(told.loud, 2);
  world.clock->advance(Seconds(7200 - 600));
  // Then
  EXPECT_THAT(async::run_now(one->retire(world.step("a"))), fails("retirement_too_early"));
  world.clock->advance(world.options.horizon_step + world.options.policy.clock_skew);
  EXPECT_THAT(async::run_now(one->retire(world.step("a"))), is_ok());
}

TEST(RaiseHorizon, of_a_realm_that_shares_a_key_tells_nobody_either) {
  World world;
  const auto own = std::make_shared<FakeStore>("own", Ordering::kByMapping);
  own->put("mine", ec(1));
  const auto keeper = world.keeper();
  ASSERT_THAT(World::configure(*keeper, {{world.store, kGlobal, {mapped(kEs256, {"a"})}},
                                         {own, kAlpha, {mapped(kEs256, {"mine"})}}}),
              is_ok());
  const auto ring = World::ring(*keeper, kEs256, kAlpha);
  ASSERT_EQ(ring->realm, kAlpha);
  Told told(world);
  ASSERT_THAT(async::run_now(keeper->raise_horizon(ring, world.clock->now() + Seconds(60))),
              is_ok());
  EXPECT_EQ(told.quiet, 2) << "in both journals";
  EXPECT_EQ(told.loud, 0);
}

TEST(RaiseHorizon, of_a_key_that_signs_no_more_is_told) {
  World world;
  auto one = world.start({"a", "b"});
  auto two = world.start({"a", "b"});
  world.clock->advance(world.options.policy.publish_ahead);
  ASSERT_THAT(async::run_now(one->activate(world.step("b"))), is_ok());
  Told told(world);
  ASSERT_THAT(world.issue(*two, Seconds(7200)), is_ok());
  EXPECT_EQ(told.loud, 1) << "until when it is needed is shown";
}

TEST(RaiseHorizon, of_a_key_that_signs_no_more_shows_with_the_next_refresh_and_changes_no_other) {
  World world;
  auto one = world.start({"a", "b"});
  auto two = world.start({"a", "b"});
  world.clock->advance(world.options.policy.publish_ahead);
  ASSERT_THAT(async::run_now(one->activate(world.step("b"))), is_ok());
  // Given: the second instance does not know of it yet.
  ASSERT_EQ(World::active(*two), kid(1));
  const Instant expires = world.clock->now() + Seconds(7200);
  ASSERT_THAT(world.issue(*two, Seconds(7200)), is_ok());
  const auto shown = [&] {
    const auto ring = World::ring(*one);
    return ring->horizon_of(*ring->find(kid(1)));
  };
  ASSERT_LT(shown(), expires);
  // When
  ASSERT_THAT(World::refresh(*one), is_ok());
  // Then
  EXPECT_GE(shown(), expires);
  const auto ring = World::ring(*one);
  const auto generation = one->generation();
  ASSERT_THAT(World::refresh(*one), is_ok());
  EXPECT_EQ(World::ring(*one), ring) << "nobody has to prepare anything again";
  EXPECT_EQ(one->generation(), generation);
}

TEST(RaiseHorizon, of_the_active_key_makes_no_new_ring) {
  World world;
  auto one = world.start({"a"});
  auto two = world.start({"a"});
  const auto ring = World::ring(*one);
  ASSERT_THAT(world.issue(*two, Seconds(7200)), is_ok());
  ASSERT_THAT(World::refresh(*one), is_ok());
  EXPECT_EQ(World::ring(*one), ring);
  EXPECT_GE(ring->horizon_of(ring->entries.front()), world.clock->now() + Seconds(7200));
}

TEST(RaiseHorizon, by_another_instance_shows_where_the_store_was_not_read_yet) {
  World world;
  auto one = world.start({"a"});
  ASSERT_THAT(world.issue(*one, Seconds(60)), is_ok());
  world.store->outage = Error{Code::kUnavailable, "down", "down"};
  auto two = world.start({"a"});
  const auto ring = World::ring(*two);
  ASSERT_NE(ring, nullptr);
  ASSERT_FALSE(ring->can_sign);
  ASSERT_THAT(world.issue(*one, Seconds(7200)), is_ok());
  ASSERT_THAT(World::refresh(*two), is_ok());
  EXPECT_EQ(World::ring(*two), ring);
  EXPECT_GE(ring->horizon_of(ring->entries.front()), world.clock->now() + Seconds(7200));
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
