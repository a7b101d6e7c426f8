#include "secrets/keeper/test_support.h"

namespace signet::secrets {
namespace {

using namespace test;
using testing::ElementsAre;

TEST(Keeper, realms_without_stores_share_the_global_rings) {
  World world;
  auto keeper = world.start({"a"});
  EXPECT_EQ(keeper->rings_now(kAlpha), nullptr);
  EXPECT_EQ(World::ring(*keeper, kEs256, kAlpha), World::ring(*keeper));
  EXPECT_EQ(keeper->rings_now(kAlpha), keeper->rings_now(kGlobal));
}

TEST(Keeper, sec_110_a_realm_sees_its_own_stores_first_and_never_anothers) {
  World world;
  auto alpha = std::make_shared<FakeStore>("alpha", Ordering::kByMapping);
  alpha->put("x", ec(4));
  auto keeper = world.keeper();
  ASSERT_THAT(World::configure(*keeper, {{alpha, kAlpha, {mapped(kEs256, {"x"})}},
                                         {world.store, kGlobal, {mapped(kEs256, {"a"})}}}),
              is_ok());
  EXPECT_EQ(World::active(*keeper, kEs256, kAlpha), kid(4));
  EXPECT_EQ(World::active(*keeper, kEs256, kBeta), kid(1));
  EXPECT_EQ(World::active(*keeper), kid(1));
  EXPECT_FALSE(world.record(kid(4)));
  EXPECT_TRUE(world.record(kid(4), kAlpha));
}

TEST(Keeper, sec_110_global_ids_come_from_global_stores_alone) {
  const auto agent = SecretId::literal("am.global.services.oauth2.oidc.agent.idtoken.signing");
  World world;
  auto alpha = std::make_shared<FakeStore>("alpha", Ordering::kByMapping);
  alpha->put("x", rsa());
  auto keeper = world.keeper();
  ASSERT_THAT(World::configure(*keeper, {{alpha, kAlpha, {mapped(agent, {"x"})}}}), is_ok());
  EXPECT_EQ(World::ring(*keeper, agent, kAlpha), nullptr);
}

TEST(Keeper, a_realm_that_gets_its_own_key_goes_on_with_the_global_one_until_that_is_published) {
  World world;
  auto alpha = std::make_shared<FakeStore>("alpha", Ordering::kByMapping);
  alpha->put("x", ec(4));
  auto keeper = world.start({"a"});
  ASSERT_EQ(World::active(*keeper, kEs256, kAlpha), kid(1));
  ASSERT_THAT(world.issue(*keeper, Seconds(7200)), is_ok());
  world.clock->advance(Seconds(100));
  ASSERT_THAT(World::configure(*keeper, {{alpha, kAlpha, {mapped(kEs256, {"x"})}},
                                         {world.store, kGlobal, {mapped(kEs256, {"a"})}}}),
              is_ok());
  EXPECT_EQ(World::active(*keeper, kEs256, kAlpha), kid(1));
  EXPECT_THAT(World::kids(*keeper, kEs256, kAlpha), ElementsAre(kid(1), kid(4)));
  world.clock->advance(world.options.policy.publish_ahead);
  ASSERT_THAT(World::refresh(*keeper), is_ok());
  EXPECT_EQ(World::active(*keeper, kEs256, kAlpha), kid(4));
  EXPECT_THAT(World::kids(*keeper, kEs256, kAlpha), ElementsAre(kid(4), kid(1)));
  EXPECT_EQ(World::active(*keeper), kid(1));
  world.clock->advance(Seconds(10'000));
  ASSERT_THAT(World::refresh(*keeper), is_ok());
  EXPECT_THAT(World::kids(*keeper, kEs256, kAlpha), ElementsAre(kid(4)));
}

}  // namespace
}  // namespace signet::secrets
