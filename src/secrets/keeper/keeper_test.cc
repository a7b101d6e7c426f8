#include "secrets/keeper/keeper.h"

#include "secrets/keeper/test_support.h"

namespace signet::secrets {
namespace {

using namespace test;
using testing::Contains;
using testing::ElementsAre;

TEST(Keeper, has_no_ring_for_what_nobody_maps_and_says_so) {
  World world;
  auto keeper = world.start({"a"});
  const auto rings = async::run_now(keeper->rings(kGlobal));
  ASSERT_THAT(rings, is_ok());
  EXPECT_EQ((*rings)->find(kHmac), nullptr);
  EXPECT_STREQ((*rings)->why(kHmac).reason, "secret_not_mapped");
  EXPECT_THAT((*rings)->why(kHmac).detail, testing::HasSubstr("globally; asked: "));
}

TEST(Keeper, sec_101_signs_with_the_first_alias_and_verifies_with_all) {
  World world;
  auto keeper = world.start({"a", "b", "c"});
  EXPECT_THAT(World::kids(*keeper), ElementsAre(kid(1), kid(2), kid(3)));
  const auto ring = World::ring(*keeper);
  EXPECT_TRUE(ring->can_sign);
  EXPECT_EQ(ring->entries[0].state, KeyState::kActive);
  EXPECT_EQ(ring->entries[1].state, KeyState::kPrepared);
  EXPECT_THAT(world.events(), Contains("key.activated"));
}

TEST(Keeper, sec_104_a_new_first_key_signs_only_after_it_was_published_for_long_enough) {
  World world;
  auto keeper = world.start({"a"});
  world.clock->advance(Seconds(5000));
  ASSERT_THAT(world.map(*keeper, {"b", "a"}), is_ok());
  EXPECT_EQ(World::active(*keeper), kid(1));
  EXPECT_THAT(World::kids(*keeper), ElementsAre(kid(1), kid(2)));
  EXPECT_EQ(World::ring(*keeper)->waiting, kid(2));
  world.clock->advance(world.options.policy.publish_ahead);
  ASSERT_THAT(World::refresh(*keeper), is_ok());
  EXPECT_EQ(World::active(*keeper), kid(2));
  EXPECT_EQ(world.record(kid(1))->state, "passive");
}

TEST(Keeper, sec_102_a_change_of_order_activates_without_a_restart) {
  World world;
  auto keeper = world.start({"a", "b"});
  world.clock->advance(world.options.policy.publish_ahead);
  const auto snapshot = World::ring(*keeper);
  const auto generation = keeper->generation();
  ASSERT_THAT(world.map(*keeper, {"b", "a"}), is_ok());
  EXPECT_EQ(World::active(*keeper), kid(2));
  EXPECT_NE(keeper->generation(), generation);
  EXPECT_EQ(snapshot->ring->active().kid, kid(1)) << "a request keeps what it took";
}

TEST(Keeper, sec_105_a_key_that_is_gone_from_the_stores_verifies_while_its_tokens_live) {
  World world;
  auto keeper = world.start({"a", "b"});
  ASSERT_THAT(world.issue(*keeper, Seconds(3600)), is_ok());
  world.clock->advance(world.options.policy.publish_ahead);
  ASSERT_THAT(world.map(*keeper, {"b"}), is_ok());
  EXPECT_THAT(World::kids(*keeper), ElementsAre(kid(2), kid(1)));
  const auto ring = World::ring(*keeper);
  EXPECT_EQ(ring->ring->find(kid(1).view())->kind, SecretKind::kPublicKey);
  EXPECT_TRUE(ring->degraded);
  world.clock->advance(Seconds(3600) + world.options.horizon_step +
                       world.options.policy.clock_skew);
  ASSERT_THAT(World::refresh(*keeper), is_ok());
  EXPECT_THAT(World::kids(*keeper), ElementsAre(kid(2)));
  EXPECT_EQ(world.record(kid(1))->state, "retired");
}

TEST(Keeper, sec_121_the_loss_of_the_only_key_leaves_its_public_half_and_makes_no_other) {
  World world;
  auto keeper = world.start({"a"});
  ASSERT_THAT(world.issue(*keeper, Seconds(3600)), is_ok());
  world.store->drop("a");
  ASSERT_THAT(World::refresh(*keeper), is_ok());
  const auto ring = World::ring(*keeper);
  ASSERT_NE(ring, nullptr);
  EXPECT_FALSE(ring->can_sign);
  EXPECT_THAT(ring->lost, ElementsAre(kid(1)));
  EXPECT_THAT(World::kids(*keeper), ElementsAre(kid(1)));
  EXPECT_THAT(world.issue(*keeper, Seconds(60)), fails("no_active_key"));
  for (const auto& realm : {kGlobal, kAlpha}) {
    const auto rings = async::run_now(keeper->rings(realm));
    ASSERT_THAT(rings, is_ok());
    EXPECT_STREQ((*rings)->why(kEs256).reason, "no_active_key");
  }
  EXPECT_THAT(world.events(), Contains("key.lost"));

  auto restarted = world.start({"a"});  // the journal outlives the process
  EXPECT_THAT(World::kids(*restarted), ElementsAre(kid(1)));
  world.store->put("a", ec(1));
  ASSERT_THAT(World::refresh(*restarted), is_ok());
  EXPECT_EQ(World::active(*restarted), kid(1));
}

TEST(Keeper, sec_105_of_a_token_and_the_retirement_of_its_key_at_the_same_moment_one_is_refused) {
  World world;
  auto one = world.start({"a"}), two = world.start({"a"});
  // Nothing was made with the key when the retirement looked.
  world.storage->before_commit = [&] { EXPECT_THAT(world.issue(*two, Seconds(3600)), is_ok()); };
  EXPECT_THAT(async::run_now(one->retire(world.step("a"))), fails("retirement_last_key"));
  EXPECT_EQ(world.record(kid(1))->state, "active");

  World other;
  auto here = other.start({"a"}), there = other.start({"a"});
  ASSERT_THAT(async::run_now(here->retire(other.step("a", true))), is_ok());
  EXPECT_THAT(other.issue(*there, Seconds(3600)), fails("key_gone"));
}

TEST(Keeper, a_lost_symmetric_key_cannot_be_kept_and_is_reported) {
  World world;
  world.store->put("hmac2", oct(64, 7));
  auto keeper = world.keeper();
  ASSERT_THAT(
      World::configure(*keeper, {{world.store, kGlobal, {mapped(kHmac, {"hmac", "hmac2"})}}}),
      is_ok());
  EXPECT_TRUE(world.record(World::active(*keeper, kHmac))->public_jwk.empty());
  world.clock->advance(world.options.policy.publish_ahead);
  world.store->drop("hmac");
  ASSERT_THAT(World::refresh(*keeper), is_ok());
  EXPECT_EQ(World::kids(*keeper, kHmac).size(), 1u);
  EXPECT_EQ(World::ring(*keeper, kHmac)->lost.size(), 1u);
  EXPECT_TRUE(World::ring(*keeper, kHmac)->degraded);
}

TEST(Keeper, a_restart_goes_on_with_the_life_of_the_keys) {
  World world;
  world.start({"a"});
  world.clock->advance(Seconds(60));
  auto restarted = world.start({"b", "a"});
  EXPECT_EQ(World::active(*restarted), kid(1)) << "b was never published";
  world.clock->advance(world.options.policy.publish_ahead);
  auto again = world.start({"b", "a"});
  EXPECT_EQ(World::active(*again), kid(2));
}

TEST(Keeper, a_key_never_signs_before_its_life_is_durable) {
  World world;
  world.storage->fault = Error{Code::kUnavailable, "storage_full", "full"};
  auto keeper = world.keeper();
  EXPECT_THAT(world.map(*keeper, {"a"}), fails_with_code(Code::kUnavailable));
  EXPECT_EQ(World::ring(*keeper), nullptr);

  world.storage->fault.reset();
  ASSERT_THAT(World::refresh(*keeper), is_ok());
  const auto ring = World::ring(*keeper);
  world.clock->advance(Seconds(5000));
  world.storage->fault = Error{Code::kUnavailable, "storage_full", "full"};
  EXPECT_THAT(world.map(*keeper, {"b", "a"}), fails_with_code(Code::kUnavailable));
  EXPECT_EQ(World::ring(*keeper), ring) << "the old ring stays";
}

TEST(Keeper, serves_on_while_storage_cannot_be_read) {
  World world;
  auto keeper = world.start({"a"});
  world.storage->read_fault = Error{Code::kUnavailable, "storage_unavailable", "gone"};
  EXPECT_THAT(World::refresh(*keeper), fails("storage_unavailable"));
  EXPECT_EQ(World::active(*keeper), kid(1));
}

}  // namespace
}  // namespace signet::secrets
