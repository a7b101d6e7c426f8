// Another key is written over the one that signs, under its own alias: as a mounted volume does it,
// or a person with an editor.

#include "secrets/keeper/test_support.h"

namespace signet::secrets {
namespace {

using namespace test;
using testing::Contains;
using testing::IsEmpty;
using testing::Not;
using testing::SizeIs;

constexpr Seconds kTokenLife{3600};

class AKeyThatIsReplaced : public testing::Test {
 protected:
  AKeyThatIsReplaced() {
    // Verifiers know key 1, and a token of it lives for an hour.
    world.clock->advance(world.options.policy.publish_ahead + Seconds(60));
    EXPECT_THAT(World::refresh(*keeper), is_ok());
    EXPECT_THAT(world.issue(*keeper, kTokenLife), is_ok());
  }
  void pass(Milliseconds time) {
    world.clock->advance(time);
    EXPECT_THAT(World::refresh(*keeper), is_ok());
  }

  World world;
  std::unique_ptr<Keeper> keeper = world.start({"a"});
};

TEST_F(AKeyThatIsReplaced, signs_until_caches_know_the_other_one) {
  world.store->put("a", ec(4));
  ASSERT_THAT(World::refresh(*keeper), is_ok());
  // then the new key is published behind it
  auto ring = World::ring(*keeper);
  ASSERT_TRUE(ring);
  EXPECT_EQ(ring->ring->active().kid, kid(1));
  EXPECT_TRUE(ring->can_sign);
  EXPECT_FALSE(ring->activated_early);
  EXPECT_EQ(ring->waiting, kid(4));
  EXPECT_THAT(World::kids(*keeper), SizeIs(2));
  // and it is told that the key is in memory alone
  EXPECT_THAT(ring->lost, testing::ElementsAre(kid(1)));
  EXPECT_TRUE(ring->degraded);
  EXPECT_THAT(keeper->troubled_rings(), SizeIs(1));
  EXPECT_THAT(world.events(), Contains("key.lost"));
  // when nothing else happens
  pass(world.options.policy.publish_ahead - Seconds(1));
  EXPECT_EQ(World::active(*keeper), kid(1));
  pass(Seconds(1));
  // then the new one signs, and the old one opens what it made
  ring = World::ring(*keeper);
  EXPECT_EQ(ring->ring->active().kid, kid(4));
  EXPECT_FALSE(ring->activated_early);
  EXPECT_NE(ring->find(kid(1)), nullptr);
  EXPECT_EQ(ring->find(kid(1))->state, KeyState::kPassive);
}

TEST_F(AKeyThatIsReplaced, is_gone_once_its_tokens_are) {
  world.store->put("a", ec(4));
  ASSERT_THAT(World::refresh(*keeper), is_ok());
  pass(world.options.policy.publish_ahead);
  ASSERT_EQ(World::active(*keeper), kid(4));
  pass(2 * kTokenLife);
  EXPECT_THAT(World::kids(*keeper), testing::ElementsAre(kid(4)));
  EXPECT_THAT(keeper->troubled_rings(), IsEmpty());
  EXPECT_EQ(world.record(kid(1))->state, "retired");
}

TEST_F(AKeyThatIsReplaced, f15_outlives_a_clock_that_is_a_day_ahead_for_a_moment) {
  world.store->put("a", ec(4));
  ASSERT_THAT(World::refresh(*keeper), is_ok());
  pass(world.options.policy.publish_ahead);
  ASSERT_EQ(World::active(*keeper), kid(4));
  // when somebody sets the clock, and sets it right again
  const Milliseconds day = std::chrono::hours(24);
  world.clock->set(world.clock->now() + day);
  pass(Seconds(10));
  EXPECT_THAT(World::kids(*keeper), Contains(kid(1)));
  world.clock->set(world.clock->now() - day);
  pass(Seconds(10));
  // then its tokens are good as before
  EXPECT_THAT(World::kids(*keeper), Contains(kid(1)));
  // and a clock that stays there is believed
  world.clock->set(world.clock->now() + day);
  pass(Seconds(10));
  EXPECT_THAT(World::kids(*keeper), Contains(kid(1)));
  pass(std::chrono::hours(1));
  EXPECT_THAT(World::kids(*keeper), Not(Contains(kid(1))));
}

TEST_F(AKeyThatIsReplaced, may_come_back_meanwhile) {
  world.store->put("a", ec(4));
  ASSERT_THAT(World::refresh(*keeper), is_ok());
  world.store->put("a", ec(1));
  ASSERT_THAT(World::refresh(*keeper), is_ok());
  const auto ring = World::ring(*keeper);
  EXPECT_EQ(ring->ring->active().kid, kid(1));
  EXPECT_EQ(ring->ring->active().alias, Alias("a"));
  EXPECT_THAT(ring->lost, IsEmpty());
}

TEST_F(AKeyThatIsReplaced, and_then_replaced_again_signs_until_caches_know_the_last_one) {
  world.store->put("a", ec(4));
  ASSERT_THAT(World::refresh(*keeper), is_ok());
  pass(Seconds(10));
  world.store->put("a", ec(5));
  ASSERT_THAT(World::refresh(*keeper), is_ok());
  EXPECT_EQ(World::active(*keeper), kid(1));
  pass(world.options.policy.publish_ahead - Seconds(1));
  EXPECT_EQ(World::active(*keeper), kid(1));
  pass(Seconds(1));
  EXPECT_EQ(World::active(*keeper), kid(5));
}

TEST_F(AKeyThatIsReplaced, signs_no_more_once_it_is_reported_compromised) {
  world.store->put("a", ec(4));
  ASSERT_THAT(World::refresh(*keeper), is_ok());
  Keeper::CompromiseRequest request;
  request.id = kEs256;
  request.kid = kid(1);
  request.actor = "operator";
  ASSERT_THAT(async::run_now(keeper->compromise(std::move(request))), is_ok());
  EXPECT_EQ(World::active(*keeper), kid(4));
  EXPECT_THAT(World::kids(*keeper), Not(Contains(kid(1))));
}

TEST_F(AKeyThatIsReplaced, is_not_held_on_to_where_it_was_deleted) {
  world.store->drop("a");
  ASSERT_THAT(World::refresh(*keeper), is_ok());
  const auto ring = World::ring(*keeper);
  ASSERT_TRUE(ring);
  EXPECT_FALSE(ring->can_sign);
}

TEST(ASymmetricKeyThatIsReplaced, opens_what_it_made) {
  World world;
  const auto secret = [&](std::uint8_t seed) {
    std::vector<std::uint8_t> bytes(64);
    for (std::size_t i = 0; i < bytes.size(); ++i)
      bytes[i] = static_cast<std::uint8_t>(seed * 31 + i * i * 7 + i * seed + 11);
    return jose::Jwk::from_symmetric(SecretBytes(ByteView(bytes)));
  };
  world.store->put("mac", secret(3));
  const auto keeper = world.keeper();
  ASSERT_THAT(World::configure(*keeper, {{world.store, kGlobal, {mapped(kHmac, {"mac"})}}}),
              is_ok());
  const KeyId before = World::active(*keeper, kHmac);
  world.store->put("mac", secret(5));
  ASSERT_THAT(World::refresh(*keeper), is_ok());
  EXPECT_EQ(World::active(*keeper, kHmac), before);
  world.clock->advance(world.options.policy.publish_ahead);
  ASSERT_THAT(World::refresh(*keeper), is_ok());
  const auto ring = World::ring(*keeper, kHmac);
  EXPECT_NE(ring->ring->active().kid, before);
}

}  // namespace
}  // namespace signet::secrets
