#include "secrets/keeper/live_ring.h"

#include "secrets/keeper/test_support.h"

namespace signet::secrets {
namespace {

using namespace test;

TEST(LiveRing, entries_are_found_by_kid_and_by_state) {
  World world;
  const auto keeper = world.start({"a", "b"});
  const auto ring = World::ring(*keeper);
  ASSERT_TRUE(ring);
  ASSERT_TRUE(ring->first_in(KeyState::kActive));
  EXPECT_EQ(ring->first_in(KeyState::kActive)->secret.kid, kid(1));
  ASSERT_TRUE(ring->first_in(KeyState::kPrepared));
  EXPECT_EQ(ring->first_in(KeyState::kPrepared)->secret.kid, kid(2));
  EXPECT_FALSE(ring->first_in(KeyState::kPassive));
  EXPECT_EQ(ring->find(kid(1)), ring->first_in(KeyState::kActive));
  EXPECT_EQ(ring->find(kid(2)), ring->first_in(KeyState::kPrepared));
  EXPECT_FALSE(ring->find(kid(3)));
}

TEST(LiveRing, the_horizon_of_the_active_key_is_newer_than_its_history) {
  World world;
  const auto keeper = world.start({"a", "b"});
  const auto ring = World::ring(*keeper);
  const RingEntry& active = *ring->find(kid(1));
  const Instant before = active.history.horizon;
  ASSERT_THAT(world.issue(*keeper, Seconds(3600)), is_ok());
  EXPECT_EQ(active.history.horizon, before) << "a snapshot";
  EXPECT_GE(ring->horizon_of(active), world.clock->now() + Seconds(3600));
  const RingEntry& prepared = *ring->find(kid(2));
  EXPECT_EQ(ring->horizon_of(prepared), prepared.history.horizon);
}

TEST(LiveRing, keys_without_a_life_to_remember_have_no_horizon) {
  LiveRing ring;
  KeyHistory history;
  history.state = KeyState::kActive;
  ring.entries.push_back({Secret::of_key(ec(1)), history, history.state});
  ring.active_horizon = std::make_shared<std::atomic<std::int64_t>>(LiveRing::kEndless);
  EXPECT_EQ(ring.horizon_of(ring.entries.front()), Instant{});
}

TEST(RealmRings, are_found_to_look_at_and_to_keep) {
  World world;
  const auto keeper = world.start({"a"});
  const auto rings = async::run_now(keeper->rings(kGlobal));
  ASSERT_THAT(rings, is_ok());
  ASSERT_TRUE((*rings)->find(kEs256));
  EXPECT_EQ((*rings)->share(kEs256).get(), (*rings)->find(kEs256));
  EXPECT_FALSE((*rings)->share(kHmac));
}

}  // namespace
}  // namespace signet::secrets
