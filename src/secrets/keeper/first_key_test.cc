// The first key of an ID, beside others that verifiers may have cached.

#include "secrets/keeper/test_support.h"

namespace signet::secrets {
namespace {

using namespace test;
using testing::ElementsAre;

const SecretId kAccessTokens = SecretId::literal("am.services.oauth2.stateless.signing.ES256");
constexpr Seconds kStart = RotationPolicy::kFirstStart;

/// Maps ES256 of ID tokens to "a", and of access tokens to `alias`.
Status map_both(World& world, Keeper& keeper, const char* alias) {
  ConfiguredStore store;
  store.store = world.store;
  store.mappings = {mapped(kEs256, {"a"}), mapped(kAccessTokens, {alias})};
  return World::configure(keeper, {store});
}

TEST(FirstKey, of_another_id_waits_while_verifiers_may_have_a_jwks_without_it) {
  World world;
  auto keeper = world.start({"a"});
  world.clock->advance(kStart);
  ASSERT_THAT(map_both(world, *keeper, "b"), is_ok());
  const auto waiting = World::ring(*keeper, kAccessTokens);
  ASSERT_NE(waiting, nullptr);
  EXPECT_FALSE(waiting->can_sign);
  EXPECT_FALSE(waiting->degraded) << "nothing is amiss";
  EXPECT_THAT(World::kids(*keeper, kAccessTokens), ElementsAre(kid(2))) << "published";
  const auto rings = async::run_now(keeper->rings(kGlobal));
  ASSERT_THAT(rings, is_ok());
  EXPECT_EQ((*rings)->why(kAccessTokens).reason, std::string_view("first_key_waiting"));
  world.clock->advance(world.options.policy.publish_ahead - Seconds(1));
  ASSERT_THAT(World::refresh(*keeper), is_ok());
  EXPECT_FALSE(World::ring(*keeper, kAccessTokens)->can_sign);
  world.clock->advance(Seconds(1));
  ASSERT_THAT(World::refresh(*keeper), is_ok());
  EXPECT_TRUE(World::ring(*keeper, kAccessTokens)->can_sign);
  EXPECT_EQ(World::active(*keeper, kAccessTokens), kid(2));
}

TEST(FirstKey, signs_at_once_where_the_server_has_just_begun) {
  World world;
  auto keeper = world.start({"a"});
  world.clock->advance(kStart - Seconds(1));
  ASSERT_THAT(map_both(world, *keeper, "b"), is_ok());
  EXPECT_TRUE(World::ring(*keeper, kAccessTokens)->can_sign);
}

TEST(FirstKey, signs_at_once_where_it_was_published_under_another_id) {
  World world;
  auto keeper = world.start({"a"});
  world.clock->advance(kStart);
  ASSERT_THAT(map_both(world, *keeper, "a"), is_ok());
  EXPECT_TRUE(World::ring(*keeper, kAccessTokens)->can_sign);
}

TEST(FirstKey, waits_where_it_was_published_under_another_id_a_moment_ago) {
  World world;
  auto keeper = world.start({"a"});
  world.clock->advance(kStart);
  ASSERT_THAT(world.map(*keeper, {"a", "b"}), is_ok());
  ASSERT_THAT(map_both(world, *keeper, "b"), is_ok());
  EXPECT_FALSE(World::ring(*keeper, kAccessTokens)->can_sign);
}

TEST(FirstKey, still_waits_after_a_restart) {
  World world;
  {
    auto keeper = world.start({"a"});
    world.clock->advance(kStart);
    ASSERT_THAT(map_both(world, *keeper, "b"), is_ok());
  }
  auto keeper = world.keeper();
  ASSERT_THAT(map_both(world, *keeper, "b"), is_ok());
  EXPECT_FALSE(World::ring(*keeper, kAccessTokens)->can_sign);
}

TEST(FirstKey, is_activated_before_by_force_alone) {
  World world;
  auto keeper = world.start({"a"});
  world.clock->advance(kStart);
  ASSERT_THAT(map_both(world, *keeper, "b"), is_ok());
  Keeper::StepRequest step = world.step("b");
  step.id = kAccessTokens;
  EXPECT_THAT(async::run_now(keeper->activate(step)), fails("activation_too_early"));
  step.force = true;
  ASSERT_THAT(async::run_now(keeper->activate(step)), is_ok());
  EXPECT_TRUE(World::ring(*keeper, kAccessTokens)->can_sign);
}

}  // namespace
}  // namespace signet::secrets
