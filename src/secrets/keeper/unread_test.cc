// An instance that starts while a store is out of reach does not know that store's keys: it neither
// signs nor decides for it, and says that it is not ready.

#include "secrets/keeper/test_support.h"

namespace signet::secrets {
namespace {

using namespace test;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

const Error kAway{Code::kUnavailable, "store_away", "nobody answers"};

std::vector<std::string> unread_ids(const Keeper& keeper) {
  std::vector<std::string> out;
  for (const auto& one : keeper.unread())
    out.push_back(one.realm.str() + "/" + one.id.str());
  return out;
}

TEST(Unread, a_store_that_is_out_at_the_start_is_named_until_it_was_read_once) {
  World world;
  world.store->outage = kAway;
  auto keeper = world.start({"a"});
  const auto unread = keeper->unread();
  ASSERT_EQ(unread.size(), 1u);
  EXPECT_EQ(unread[0].id, kEs256);
  EXPECT_STREQ(unread[0].why.reason, "store_away");
  EXPECT_THAT(unread[0].why.detail, HasSubstr("store ks was not read since the start"));
  EXPECT_EQ(World::ring(*keeper), nullptr);
  EXPECT_THAT(world.events(), IsEmpty()) << "nothing is decided about keys that are not known";

  world.store->outage.reset();
  world.clock->advance(world.options.refresh_every);
  ASSERT_THAT(World::refresh(*keeper), is_ok());
  EXPECT_THAT(keeper->unread(), IsEmpty());
  EXPECT_EQ(World::active(*keeper), kid(1));
}

TEST(Unread, a_store_that_goes_out_later_serves_its_last_good_rings) {
  World world;
  auto keeper = world.start({"a"});
  world.store->outage = kAway;
  for (int i = 0; i < 10; ++i) {
    world.clock->advance(Seconds(3600));
    ASSERT_THAT(World::refresh(*keeper), is_ok());
  }
  EXPECT_THAT(keeper->unread(), IsEmpty());
  EXPECT_EQ(World::active(*keeper), kid(1));
  EXPECT_TRUE(World::ring(*keeper)->degraded);
}

TEST(Unread, sec_105_after_a_restart_what_is_remembered_verifies_and_nothing_signs) {
  World world;
  {
    auto before = world.start({"a", "b"});
    ASSERT_THAT(world.issue(*before, Seconds(3600)), is_ok());
  }
  world.store->outage = kAway;
  world.clock->advance(Seconds(60));
  auto keeper = world.start({"a", "b"});
  EXPECT_THAT(World::kids(*keeper), ElementsAre(kid(1), kid(2)));
  const auto ring = World::ring(*keeper);
  EXPECT_FALSE(ring->can_sign);
  EXPECT_TRUE(ring->degraded);
  EXPECT_EQ(ring->ring->find(kid(1).view())->kind, SecretKind::kPublicKey);
  EXPECT_THAT(world.issue(*keeper, Seconds(60)), fails("no_active_key"));
  EXPECT_STREQ(keeper->rings_now(kGlobal)->why(kEs256).reason, "store_away");
  EXPECT_EQ(world.record(kid(1))->state, "active");
  EXPECT_EQ(world.record(kid(2))->state, "prepared");

  world.store->outage.reset();
  ASSERT_THAT(World::refresh(*keeper), is_ok());
  EXPECT_EQ(World::active(*keeper), kid(1));
  EXPECT_THAT(keeper->unread(), IsEmpty());
}

TEST(Unread, sec_105_an_alias_whose_keys_nobody_can_tell_is_not_retired) {
  World world;
  {
    auto before = world.start({"a"});
    ASSERT_THAT(world.issue(*before, Seconds(3600)), is_ok());
  }
  world.store->outage = kAway;
  auto keeper = world.start({"a"});
  EXPECT_THAT(async::run_now(keeper->retire(world.step("a"))), fails("store_away"));
  world.store->outage.reset();
  ASSERT_THAT(World::refresh(*keeper), is_ok());
  EXPECT_THAT(async::run_now(keeper->retire(world.step("a"))), fails("retirement_last_key"));
}

TEST(Unread, sec_132_a_compromised_key_is_not_among_what_is_remembered) {
  World world;
  {
    auto before = world.start({"a", "b"});
    world.clock->advance(world.options.policy.publish_ahead);
    ASSERT_THAT(async::run_now(before->compromise({kGlobal, kEs256, kid(1), "operator"})), is_ok());
  }
  world.store->outage = kAway;
  auto keeper = world.start({"a", "b"});
  EXPECT_THAT(World::kids(*keeper), ElementsAre(kid(2)));
}

TEST(Unread, sec_104_a_store_that_ends_in_the_middle_of_its_first_reading_elects_no_other_key) {
  // The active key is behind the second alias; the store fails after the first.
  World world;
  {
    auto before = world.start({"b"});
    ASSERT_THAT(World::configure(*before, {{world.store, kGlobal, {mapped(kEs256, {"a", "b"})}}}),
                is_ok());
    ASSERT_EQ(World::active(*before), kid(2));
  }
  world.store->broken.insert_or_assign("b", kAway);
  world.clock->advance(world.options.policy.publish_ahead);
  auto keeper = world.start({"a", "b"});
  EXPECT_EQ(World::active(*keeper), KeyId()) << "a is ripe, but b may be there";
  EXPECT_THAT(unread_ids(*keeper), ElementsAre("/" + kEs256.str()));
  EXPECT_EQ(world.record(kid(2))->state, "active");
}

TEST(Unread, an_alias_that_cannot_be_asked_for_at_the_start_is_named_alone_and_not_left_alone) {
  World world;
  world.store->broken.insert_or_assign("c", kAway);
  auto keeper = world.keeper();
  ASSERT_THAT(
      World::configure(*keeper,
                       {{world.store, kGlobal, {mapped(kEs256, {"c"}), mapped(kHmac, {"hmac"})}}}),
      is_ok());
  EXPECT_THAT(unread_ids(*keeper), ElementsAre("/" + kEs256.str()));
  ASSERT_NE(World::ring(*keeper, kHmac), nullptr);
  EXPECT_TRUE(World::ring(*keeper, kHmac)->can_sign);
  const int fetches = world.store->fetches;
  for (int i = 0; i < 5; ++i) {
    world.clock->advance(world.options.refresh_every);
    ASSERT_THAT(async::run_now(keeper->refresh_due()), is_ok());
  }
  EXPECT_EQ(world.store->fetches, fetches + 5) << "until it was read once every refresh counts";
  world.store->broken.clear();
  world.clock->advance(world.options.refresh_every);
  ASSERT_THAT(async::run_now(keeper->refresh_due()), is_ok());
  EXPECT_THAT(keeper->unread(), IsEmpty());
  EXPECT_EQ(World::active(*keeper), kid(3));
}

TEST(Unread, what_a_store_says_cannot_be_read_is_an_answer) {
  World world;
  world.store->broken.insert_or_assign("a", Error{Code::kConfig, "secret_unreadable", "torn"});
  auto keeper = world.start({"a", "b"});
  EXPECT_THAT(keeper->unread(), IsEmpty());
  EXPECT_EQ(World::active(*keeper), kid(2));
  EXPECT_FALSE(keeper->health()[0].ok);
}

TEST(Unread, an_id_that_is_not_mapped_in_the_store_does_not_wait_for_it) {
  World world;
  auto other = std::make_shared<FakeStore>("other", Ordering::kByMapping);
  other->outage = kAway;
  auto keeper = world.keeper();
  ASSERT_THAT(World::configure(*keeper, {{other, kGlobal, {mapped(kHmac, {"h"})}},
                                         {world.store, kGlobal, {mapped(kEs256, {"a"})}}}),
              is_ok());
  EXPECT_THAT(unread_ids(*keeper), ElementsAre("/" + kHmac.str()));
  EXPECT_EQ(World::active(*keeper), kid(1));
}

TEST(Unread, realms_with_stores_of_their_own_are_waited_for_before_anybody_asks_for_them) {
  World world;
  auto own = std::make_shared<FakeStore>("own", Ordering::kByMapping);
  own->put("x", ec(4));
  own->outage = kAway;
  auto keeper = world.keeper();
  std::vector<ConfiguredStore> stores{{own, kAlpha, {mapped(kEs256, {"x"})}},
                                      {world.store, kGlobal, {mapped(kEs256, {"a"})}}};
  ASSERT_THAT(async::run_now(keeper->configure(stores, {kAlpha})), is_ok());
  EXPECT_THAT(unread_ids(*keeper), ElementsAre("alpha/" + kEs256.str()));
  EXPECT_EQ(World::active(*keeper, kEs256, kAlpha), KeyId()) << "the global key is not alpha's";
  own->outage.reset();
  ASSERT_THAT(World::refresh(*keeper), is_ok());
  EXPECT_THAT(keeper->unread(), IsEmpty());
  EXPECT_EQ(World::active(*keeper, kEs256, kAlpha), kid(4));
}

TEST(Unread, what_all_realms_share_is_named_once) {
  World world;
  auto own = std::make_shared<FakeStore>("own", Ordering::kByMapping);
  own->put("x", ec(4));
  world.store->outage = kAway;
  auto keeper = world.keeper();
  std::vector<ConfiguredStore> stores{{own, kAlpha, {mapped(kEs256, {"x"})}},
                                      {world.store, kGlobal, {mapped(kHmac, {"hmac"})}}};
  ASSERT_THAT(async::run_now(keeper->configure(stores, {kAlpha})), is_ok());
  ASSERT_NE(World::ring(*keeper, kEs256, kAlpha), nullptr);
  EXPECT_THAT(unread_ids(*keeper), ElementsAre("/" + kHmac.str()));
}

TEST(Unread, sec_104_an_instance_that_could_not_read_a_prepared_key_is_waited_for) {
  World world;
  KeeperOptions options = world.options;
  options.instance.id = "one";
  auto one = std::make_unique<Keeper>(world.storage, world.clock, options);
  ASSERT_THAT(world.map(*one, {"a"}), is_ok());
  ASSERT_THAT(async::run_now(one->publish(world.step("b"))), is_ok());
  auto theirs = std::make_shared<FakeStore>("ks", Ordering::kByMapping);
  theirs->outage = kAway;
  options.instance.id = "two";
  auto two = std::make_unique<Keeper>(world.storage, world.clock, options);
  ASSERT_THAT(World::configure(*two, {{theirs, kGlobal, {mapped(kEs256, {"a"})}}}), is_ok());
  for (int i = 0; i < 100; ++i) {
    world.clock->advance(world.options.refresh_every);
    ASSERT_THAT(World::refresh(*two), is_ok());
    ASSERT_THAT(World::refresh(*one), is_ok());
  }
  EXPECT_THAT(async::run_now(one->activate(world.step("b"))), fails("activation_unready"));
}

}  // namespace
}  // namespace signet::secrets
