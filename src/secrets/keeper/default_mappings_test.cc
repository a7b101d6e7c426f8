// Mappings that nobody wrote: those of a store's defaults whose aliases it has.

#include "secrets/keeper/test_support.h"

namespace signet::secrets {
namespace {

using namespace test;
using testing::ElementsAre;
using testing::IsEmpty;

const Error kDefaultsAway{Code::kUnavailable, "store_away", "nobody answers"};

std::vector<std::string> mapped_ids(const Keeper& keeper, const char* store) {
  std::vector<std::string> out;
  const auto mappings = async::run_now(keeper.mappings(kGlobal, StoreName(store)));
  EXPECT_THAT(mappings, is_ok());
  for (const auto& mapping : *mappings)
    out.push_back(mapping.id.str());
  return out;
}

/// A keystore "ks" (a, b, c) without configured mappings before a store "behind" with the key 4.
struct DefaultsWorld : World {
  std::shared_ptr<FakeStore> behind = std::make_shared<FakeStore>("behind", Ordering::kByMapping);
  std::unique_ptr<Keeper> keeper_ = keeper();

  DefaultsWorld() { behind->put("d", ec(4)); }
  Status start_with(std::initializer_list<const char*> es256) {
    ConfiguredStore first{store, kGlobal, {mapped(kEs256, es256)}};
    first.may_lack_mapped = true;
    ConfiguredStore second{behind, kGlobal, {mapped(kEs256, {"d"})}};
    return configure(*keeper_, {first, second});
  }
};

TEST(DefaultMappings, of_an_alias_that_the_store_has_serve_like_any_other) {
  DefaultsWorld world;
  ASSERT_THAT(world.start_with({"a"}), is_ok());
  EXPECT_EQ(World::active(*world.keeper_), kid(1));
  EXPECT_THAT(mapped_ids(*world.keeper_, "ks"), ElementsAre(kEs256.str()));
}

TEST(DefaultMappings, of_an_alias_that_the_store_lacks_are_none) {
  DefaultsWorld world;
  ASSERT_THAT(world.start_with({"es256test"}), is_ok());
  EXPECT_EQ(World::active(*world.keeper_), kid(4)) << "the store behind it serves";
  EXPECT_THAT(mapped_ids(*world.keeper_, "ks"), IsEmpty());
  EXPECT_FALSE(World::ring(*world.keeper_)->degraded);
  for (const auto& health : world.keeper_->health())
    EXPECT_THAT(health.warnings, IsEmpty()) << "nobody mapped it, so nobody misses it";
}

TEST(DefaultMappings, an_outage_maps_nothing_that_was_not_there) {
  DefaultsWorld world;
  ASSERT_THAT(world.start_with({"es256test"}), is_ok());
  world.store->outage = kDefaultsAway;
  for (int i = 0; i < 3; ++i) {
    world.clock->advance(world.options.lease);
    ASSERT_THAT(World::refresh(*world.keeper_), is_ok());
  }
  EXPECT_EQ(World::active(*world.keeper_), kid(4));
  EXPECT_THAT(mapped_ids(*world.keeper_, "ks"), IsEmpty());
}

TEST(DefaultMappings, of_a_store_that_was_never_read_keep_others_from_signing) {
  DefaultsWorld world;
  world.store->outage = kDefaultsAway;
  ASSERT_THAT(world.start_with({"es256test"}), is_ok());
  EXPECT_EQ(World::ring(*world.keeper_), nullptr);
  EXPECT_FALSE(world.keeper_->unread().empty());
  world.store->outage.reset();
  world.clock->advance(world.options.refresh_every);
  ASSERT_THAT(World::refresh(*world.keeper_), is_ok());
  EXPECT_TRUE(world.keeper_->unread().empty());
  EXPECT_EQ(World::active(*world.keeper_), kid(4));
}

TEST(DefaultMappings, an_alias_that_comes_later_is_mapped_then) {
  World world;
  ConfiguredStore only{world.store, kGlobal, {mapped(kEs256, {"es256test"})}};
  only.may_lack_mapped = true;
  const auto keeper = world.keeper();
  ASSERT_THAT(World::configure(*keeper, {only}), is_ok());
  EXPECT_EQ(World::ring(*keeper), nullptr);
  world.store->put("es256test", ec(5));
  world.clock->advance(world.options.refresh_every);
  ASSERT_THAT(World::refresh(*keeper), is_ok());
  EXPECT_EQ(World::active(*keeper), kid(5));
}

TEST(DefaultMappings, a_step_does_not_write_down_an_alias_that_is_not_there) {
  World world;
  ConfiguredStore only{world.store, kGlobal, {mapped(kEs256, {"es256test"})}};
  only.may_lack_mapped = true;
  const auto keeper = world.keeper();
  ASSERT_THAT(World::configure(*keeper, {only}), is_ok());
  ASSERT_THAT(async::run_now(keeper->publish(world.step("b"))), is_ok());
  const auto mappings = async::run_now(keeper->mappings(kGlobal, StoreName("ks")));
  ASSERT_THAT(mappings, is_ok());
  ASSERT_EQ(mappings->size(), 1U);
  EXPECT_THAT(mappings->front().aliases, ElementsAre(Alias("b")));
}

TEST(DefaultMappings, what_somebody_mapped_holds_though_the_store_lacks_it) {
  DefaultsWorld world;
  ASSERT_THAT(world.start_with({"a"}), is_ok());
  auto map =
      world.keeper_->map(kGlobal, StoreName("ks"), mapped(kEs256, {"a", "b"}), false, "operator");
  ASSERT_THAT(async::run_now(std::move(map)), is_ok());
  world.store->drop("b");
  world.store->drop("a");
  world.clock->advance(world.options.refresh_every);
  ASSERT_THAT(World::refresh(*world.keeper_), is_ok());
  EXPECT_THAT(mapped_ids(*world.keeper_, "ks"), ElementsAre(kEs256.str()));
  EXPECT_FALSE(world.keeper_->health().front().warnings.empty());
}

}  // namespace
}  // namespace signet::secrets
