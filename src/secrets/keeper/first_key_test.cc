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

const SecretId kSessions = SecretId::literal("am.global.services.session.clientbased.signing");

TEST(FirstKey, signs_at_once_beside_keys_that_nobody_fetches) {
  World world;
  auto keeper = world.keeper();
  ConfiguredStore store;
  store.store = world.store;
  store.mappings = {mapped(kSessions, {"a"})};
  ASSERT_THAT(World::configure(*keeper, {store}), is_ok());
  world.clock->advance(kStart);
  store.mappings.push_back(mapped(kEs256, {"b"}));
  ASSERT_THAT(World::configure(*keeper, {store}), is_ok());
  EXPECT_TRUE(World::ring(*keeper)->can_sign) << "there is no JWKS yet that lacks it";
}

TEST(FirstKey, waits_although_it_was_published_under_an_id_that_nobody_fetches) {
  World world;
  auto keeper = world.keeper();
  ConfiguredStore store;
  store.store = world.store;
  store.mappings = {mapped(kSessions, {"a"}), mapped(kAccessTokens, {"b"})};
  ASSERT_THAT(World::configure(*keeper, {store}), is_ok());
  world.clock->advance(std::chrono::hours(1));
  store.mappings.push_back(mapped(kEs256, {"a"}));
  ASSERT_THAT(World::configure(*keeper, {store}), is_ok());
  EXPECT_FALSE(World::ring(*keeper)->can_sign) << "the JWKS never held it";
}

/// A realm with a key of its own, and later a global one for access tokens.
struct AlphaBesideAll {
  World world;
  std::shared_ptr<FakeStore> own = std::make_shared<FakeStore>("own", Ordering::kByMapping);

  AlphaBesideAll() { own->put("mine", ec(3)); }
  ConfiguredStore of_alpha(std::vector<Mapping> mappings) const {
    ConfiguredStore store;
    store.store = own;
    store.realm = kAlpha;
    store.mappings = std::move(mappings);
    return store;
  }
  ConfiguredStore of_all() const {
    ConfiguredStore store;
    store.store = world.store;
    store.mappings = {mapped(kAccessTokens, {"b"})};
    return store;
  }
  static bool signs(Keeper& keeper, const RealmName& realm) {
    const auto ring = World::ring(keeper, kAccessTokens, realm);
    return ring != nullptr && ring->can_sign;
  }
};

TEST(FirstKey, of_all_realms_waits_while_a_jwks_of_one_with_keys_of_its_own_may_lack_it) {
  for (const bool restarts : {false, true}) {
    AlphaBesideAll beside;
    auto& world = beside.world;
    auto keeper = world.keeper();
    const ConfiguredStore of_alpha = beside.of_alpha({mapped(kEs256, {"mine"})});
    ASSERT_THAT(World::configure(*keeper, {of_alpha}), is_ok());
    ASSERT_EQ(World::active(*keeper, kEs256, kAlpha), kid(3));
    world.clock->advance(kStart);
    if (restarts) keeper = world.keeper();
    ASSERT_THAT(World::configure(*keeper, {beside.of_all(), of_alpha}), is_ok());
    EXPECT_FALSE(AlphaBesideAll::signs(*keeper, kAlpha));
    EXPECT_FALSE(AlphaBesideAll::signs(*keeper, kGlobal));
    const auto rings = async::run_now(keeper->rings(kAlpha));
    EXPECT_STREQ((*rings)->why(kAccessTokens).reason, "first_key_waiting");
    EXPECT_EQ((*rings)->signs_from(kAccessTokens),
              world.clock->now() + world.options.policy.publish_ahead);
    EXPECT_THAT(World::kids(*keeper, kAccessTokens, kAlpha), ElementsAre(kid(2))) << "published";
    world.clock->advance(world.options.policy.publish_ahead);
    ASSERT_THAT(World::refresh(*keeper), is_ok());
    EXPECT_TRUE(AlphaBesideAll::signs(*keeper, kAlpha));
    EXPECT_TRUE(AlphaBesideAll::signs(*keeper, kGlobal));
  }
}

TEST(FirstKey, of_all_realms_signs_at_once_where_no_jwks_can_lack_it) {
  {
    AlphaBesideAll beside;
    auto keeper = beside.world.keeper();
    const ConfiguredStore of_alpha = beside.of_alpha({mapped(kEs256, {"mine"})});
    ASSERT_THAT(World::configure(*keeper, {of_alpha}), is_ok());
    ASSERT_EQ(World::active(*keeper, kEs256, kAlpha), kid(3));
    beside.world.clock->advance(kStart - Seconds(1));
    ASSERT_THAT(World::configure(*keeper, {beside.of_all(), of_alpha}), is_ok());
    EXPECT_TRUE(AlphaBesideAll::signs(*keeper, kAlpha)) << "no copies are kept so early";
  }
  AlphaBesideAll beside;
  auto keeper = beside.world.keeper();
  const ConfiguredStore of_alpha =
      beside.of_alpha({mapped(kEs256, {"mine"}), mapped(kAccessTokens, {"mine"})});
  ASSERT_THAT(World::configure(*keeper, {of_alpha}), is_ok());
  ASSERT_EQ(World::active(*keeper, kEs256, kAlpha), kid(3));
  beside.world.clock->advance(kStart);
  ASSERT_THAT(World::configure(*keeper, {beside.of_all(), of_alpha}), is_ok());
  EXPECT_TRUE(AlphaBesideAll::signs(*keeper, kGlobal)) << "the realm has one of its own";
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
