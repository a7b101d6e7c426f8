// A token that names a key which is in no ring here.

#include "secrets/keeper/test_support.h"

namespace signet::secrets {
namespace {

using namespace test;

/// Counts the refreshes, each of which asks once whether anything changed.
class AskedStore : public FakeStore {
 public:
  AskedStore() : FakeStore("ks", Ordering::kByMapping) { put("a", ec(1)); }
  Task<std::string> fingerprint() override {
    ++refreshes;
    co_return co_await FakeStore::fingerprint();
  }
  int refreshes = 0;
};

struct UnknownKeyWorld : World {
  std::shared_ptr<AskedStore> asked = std::make_shared<AskedStore>();
  std::unique_ptr<Keeper> keeper_ = keeper();

  UnknownKeyWorld() {
    EXPECT_THAT(configure(*keeper_, {{asked, kGlobal, {mapped(kEs256, {"a"})}}}), is_ok());
    asked->refreshes = 0;
  }
};

TEST(UnknownKey, made_up_names_refresh_once_in_a_while) {
  UnknownKeyWorld world;
  for (int i = 0; i < 100; ++i)
    EXPECT_THAT(async::run_now(world.keeper_->refresh_for_unknown()), is_ok());
  EXPECT_EQ(world.asked->refreshes, 1);
  EXPECT_FALSE(world.keeper_->may_refresh_for_unknown());
  world.clock->advance(world.options.unknown_kid_pause);
  EXPECT_TRUE(world.keeper_->may_refresh_for_unknown());
  EXPECT_THAT(async::run_now(world.keeper_->refresh_for_unknown()), is_ok());
  EXPECT_EQ(world.asked->refreshes, 2);
}

/// Asks what is behind it once an hour, unless it is told to forget.
class LazyStore : public FakeStore {
 public:
  LazyStore() : FakeStore("lazy", Ordering::kByMapping) { put("a", ec(1)); }
  Task<std::vector<Secret>> fetch(Alias alias) override {
    if (!kept) {
      ++readings;
      kept.emplace(co_await FakeStore::fetch(std::move(alias)));
    }
    co_return *kept;
  }
  Task<std::string> fingerprint() override {
    if (!kept) co_return std::string();
    co_return std::to_string(readings);
  }
  void forget_cached() override {
    ++forgotten;
    kept.reset();
  }
  std::optional<Result<std::vector<Secret>>> kept;
  int readings = 0, forgotten = 0;
};

TEST(UnknownKey, stores_look_at_what_is_behind_them_but_not_at_every_refresh) {
  World world;
  const auto lazy = std::make_shared<LazyStore>();
  const auto keeper = world.keeper();
  ASSERT_THAT(World::configure(*keeper, {{lazy, kGlobal, {mapped(kEs256, {"a"})}}}), is_ok());
  EXPECT_EQ(lazy->readings, 1);
  lazy->put("a", ec(2));
  EXPECT_THAT(async::run_now(keeper->refresh_due()), is_ok());
  EXPECT_EQ(lazy->readings, 1) << "nobody wants it now";
  EXPECT_EQ(lazy->forgotten, 0);
  for (int i = 0; i < 100; ++i)
    EXPECT_THAT(async::run_now(keeper->refresh_for_unknown()), is_ok());
  EXPECT_EQ(lazy->readings, 2) << "once for all made-up names of five seconds";
  EXPECT_EQ(lazy->forgotten, 1);
  const auto ring = World::ring(*keeper);
  ASSERT_TRUE(ring);
  EXPECT_NE(ring->find(kid(2)), nullptr) << "the new one is published";
}

TEST(UnknownKey, an_operators_refresh_makes_stores_look_too) {
  World world;
  const auto lazy = std::make_shared<LazyStore>();
  const auto keeper = world.keeper();
  ASSERT_THAT(World::configure(*keeper, {{lazy, kGlobal, {mapped(kEs256, {"a"})}}}), is_ok());
  for (int i = 1; i <= 3; ++i) {
    EXPECT_THAT(async::run_now(keeper->refresh()), is_ok());
    EXPECT_EQ(lazy->forgotten, i);
    EXPECT_EQ(lazy->readings, i + 1);
  }
}

TEST(UnknownKey, who_asks_during_a_refresh_waits_for_it_and_ends_as_it_does) {
  UnknownKeyWorld world;
  world.storage->read_fault = Error{Code::kUnavailable, "storage_unavailable", "cut"};
  Result<Done> one, other;
  const auto both = [&]() -> Task<Done> {
    const async::Executor executor = co_await async::current_executor();
    async::OneShot<Done> ended;
    std::function<void(Result<Done>)> done = [ended](Result<Done> result) mutable {
      ended.complete(std::move(result));
    };
    async::start<Done>(executor, world.keeper_->refresh_for_unknown(), std::move(done));
    one = co_await world.keeper_->refresh_for_unknown();
    other = co_await ended.wait();
    co_return Done{};
  };
  ASSERT_THAT(async::run_now(both()), is_ok());
  EXPECT_THAT(one, fails("storage_unavailable"));
  EXPECT_THAT(other, fails("storage_unavailable"));
  EXPECT_EQ(world.asked->refreshes, 1);
}

TEST(UnknownKey, nobody_knows_it_while_the_last_refresh_failed) {
  // given an instance that can not read what the others changed
  UnknownKeyWorld world;
  world.storage->read_fault = Error{Code::kUnavailable, "storage_unavailable", "cut"};
  for (int i = 0; i < 5; ++i) {
    // then it says so in the pause between two attempts as well, and tries no more often for it
    EXPECT_TRUE(world.keeper_->may_refresh_for_unknown());
    EXPECT_THAT(async::run_now(world.keeper_->refresh_for_unknown()), fails("storage_unavailable"));
  }
  EXPECT_EQ(world.asked->refreshes, 1);
  // when a refresh on schedule succeeds the pause goes on as one after a success
  world.storage->read_fault.reset();
  ASSERT_THAT(async::run_now(world.keeper_->refresh_due()), is_ok());
  EXPECT_FALSE(world.keeper_->may_refresh_for_unknown());
  EXPECT_THAT(async::run_now(world.keeper_->refresh_for_unknown()), is_ok());
  EXPECT_EQ(world.asked->refreshes, 2);
}

}  // namespace
}  // namespace signet::secrets
