// Kids that the operator chose for keys of a store, over the life of these keys.

#include "secrets/chosen_kids.h"

#include "secrets/keeper/test_support.h"

namespace signet::secrets {
namespace {

using namespace test;
using testing::Contains;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

const KeyId kLogin("login-1");

/// A server whose store "ks" has the keys a, b, c. Kids are chosen at a start.
struct NamingServer {
  World world;
  std::unique_ptr<Keeper> keeper;

  void start(std::map<Alias, KeyId> kids, std::initializer_list<const char*> aliases = {"a"}) {
    world.store->choose_kids(ChosenKids(std::move(kids)));
    keeper = world.keeper();
    ASSERT_THAT(world.map(*keeper, aliases), is_ok());
  }
  void wait(Seconds time) {
    world.clock->advance(time);
    ASSERT_THAT(World::refresh(*keeper), is_ok());
  }
  KeyId active() { return World::active(*keeper); }
  std::vector<KeyId> kids() { return World::kids(*keeper); }
  std::string state_of(const KeyId& wanted) {
    const auto record = world.record(wanted);
    return record ? record->state : "none";
  }
  bool is_any_early() {
    for (const auto& event : world.audit())
      if (event.detail.find("\"early\"") != event.detail.npos) return true;
    return false;
  }
};

TEST(KeeperChosenKids, are_those_of_the_ring_and_of_the_journal) {
  NamingServer server;
  server.start({{Alias("a"), kLogin}});
  EXPECT_EQ(server.active(), kLogin);
  const auto ring = World::ring(*server.keeper);
  ASSERT_NE(ring, nullptr);
  EXPECT_EQ(ring->ring->active().key->kid(), kLogin.str());
  EXPECT_EQ(server.state_of(kLogin), "active");
  EXPECT_EQ(server.state_of(kid(1)), "none");
}

TEST(KeeperChosenKids, are_not_given_to_the_next_alias) {
  NamingServer server;
  server.start({{Alias("a"), kLogin}});
  ASSERT_THAT(async::run_now(server.keeper->publish(server.world.step("b"))), is_ok());
  EXPECT_THAT(server.kids(), ElementsAre(kLogin, kid(2)));
  EXPECT_EQ(server.active(), kLogin);
}

TEST(KeeperChosenKids, of_a_key_that_signs_wait_until_verifiers_know_them) {
  NamingServer server;
  server.start({});
  ASSERT_THAT(server.world.issue(*server.keeper, Seconds(3600)), is_ok());
  server.start({{Alias("a"), kLogin}});
  EXPECT_EQ(server.active(), kid(1)) << "no copy of the JWKS has the other one";
  EXPECT_THAT(server.kids(), ElementsAre(kid(1), kLogin));
  EXPECT_FALSE(World::ring(*server.keeper)->degraded) << "nothing was lost";

  server.wait(Seconds(700));
  EXPECT_EQ(server.active(), kLogin);
  EXPECT_THAT(server.kids(), ElementsAre(kLogin, kid(1))) << "its tokens live";
  EXPECT_FALSE(server.is_any_early());

  server.wait(Seconds(10'000));
  EXPECT_THAT(server.kids(), ElementsAre(kLogin));
  EXPECT_EQ(server.state_of(kid(1)), "retired");
}

TEST(KeeperChosenKids, of_a_key_that_signs_change_nothing_prepared_while_they_wait) {
  NamingServer server;
  server.start({});
  server.start({{Alias("a"), kLogin}});
  const auto before = World::ring(*server.keeper);
  server.wait(Seconds(1));
  EXPECT_EQ(World::ring(*server.keeper), before);
}

TEST(KeeperChosenKids, that_are_changed_again_go_the_same_way) {
  NamingServer server;
  server.start({{Alias("a"), kLogin}});
  ASSERT_THAT(server.world.issue(*server.keeper, Seconds(3600)), is_ok());
  server.start({{Alias("a"), KeyId("login-2")}});
  EXPECT_THAT(server.kids(), ElementsAre(kLogin, KeyId("login-2")));
  server.wait(Seconds(700));
  EXPECT_THAT(server.kids(), ElementsAre(KeyId("login-2"), kLogin));
}

TEST(KeeperChosenKids, that_are_given_up_verify_while_their_tokens_live) {
  NamingServer server;
  server.start({{Alias("a"), kLogin}});
  ASSERT_THAT(server.world.issue(*server.keeper, Seconds(3600)), is_ok());
  server.start({});
  EXPECT_EQ(server.active(), kid(1));
  EXPECT_THAT(server.kids(), ElementsAre(kid(1), kLogin));
  EXPECT_TRUE(server.is_any_early()) << "somebody may have a JWKS without it";
}

TEST(KeeperChosenKids, that_are_given_up_for_a_retired_one_sign_on) {
  NamingServer server;
  server.start({});
  server.start({{Alias("a"), kLogin}});
  server.wait(Seconds(700));
  server.wait(Seconds(10'000));
  ASSERT_EQ(server.state_of(kid(1)), "retired");
  server.start({});
  EXPECT_EQ(server.active(), kLogin) << "a retired key does not come back by itself";
}

TEST(KeeperChosenKids, of_a_key_that_is_retired_under_its_former_one_are_refused_as_of_an_active) {
  NamingServer server;
  server.start({}, {"a", "b"});
  server.wait(Seconds(700));
  server.start({{Alias("a"), kLogin}}, {"a", "b"});
  ASSERT_EQ(server.active(), kid(1));
  EXPECT_THAT(async::run_now(server.keeper->retire(server.world.step("a"))),
              fails("retirement_of_active"));
}

TEST(KeeperChosenKids, that_named_another_key_are_refused) {
  NamingServer server;
  server.start({{Alias("a"), kLogin}});
  ASSERT_THAT(server.world.issue(*server.keeper, Seconds(3600)), is_ok());
  server.start({{Alias("b"), kLogin}}, {"b"});
  const auto ring = World::ring(*server.keeper);
  ASSERT_NE(ring, nullptr);
  EXPECT_FALSE(ring->can_sign);
  EXPECT_EQ(*ring->ring->active().key->jwk().public_key(), *ec(1).public_key())
      << "its tokens verify";
  ASSERT_FALSE(ring->skipped.empty());
  EXPECT_STREQ(ring->skipped.front().why.reason, "kid_reused");
}

TEST(KeeperChosenKids, of_another_key_are_refused_when_it_is_mapped) {
  NamingServer server;
  server.start({{Alias("a"), kLogin}, {Alias("b"), kLogin}});
  EXPECT_THAT(async::run_now(server.keeper->publish(server.world.step("b"))), fails("kid_reused"));
}

TEST(KeeperChosenKids, that_nobody_has_are_told_by_health) {
  NamingServer server;
  server.world.store->choose_kids(ChosenKids(
      {{Alias("a"), kLogin}, {Alias("hmac"), KeyId("mac-1")}, {Alias("soon"), KeyId("login-2")}}));
  server.keeper = server.world.keeper();
  ASSERT_THAT(
      World::configure(
          *server.keeper,
          {{server.world.store, kGlobal, {mapped(kEs256, {"a"}), mapped(kHmac, {"hmac"})}}}),
      is_ok());
  const auto health = server.keeper->health();
  ASSERT_EQ(health.size(), 1U);
  EXPECT_TRUE(health[0].ok);
  EXPECT_EQ(health[0].warnings.size(), 2U);
  EXPECT_THAT(health[0].warnings, Contains(HasSubstr("symmetric")));
  EXPECT_THAT(health[0].warnings, Contains(HasSubstr("'soon' is not used")));
  EXPECT_NE(World::active(*server.keeper, kHmac), KeyId("mac-1"));
}

TEST(KeeperChosenKids, of_a_realms_store_are_the_realms_alone) {
  World world;
  const auto own = std::make_shared<FakeStore>("ks", Ordering::kByMapping);
  own->put("a", ec(4));
  own->choose_kids(ChosenKids({{Alias("a"), kLogin}}));
  const auto keeper = world.keeper();
  ASSERT_THAT(World::configure(*keeper, {{own, kAlpha, {mapped(kEs256, {"a"})}},
                                         {world.store, kGlobal, {mapped(kEs256, {"a"})}}}),
              is_ok());
  EXPECT_EQ(World::active(*keeper, kEs256, kAlpha), kLogin);
  EXPECT_EQ(World::active(*keeper), kid(1));
}

}  // namespace
}  // namespace signet::secrets
