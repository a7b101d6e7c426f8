// A realm between two keys of its own: the global ones sign for it, and nothing of theirs is lost.

#include "secrets/keeper/global_keys.h"

#include <algorithm>

#include "secrets/keeper/invariants.h"
#include "secrets/keeper/test_support.h"
#include "secrets/stores/memory/memory_store.h"

namespace signet::secrets {
namespace {

using namespace test;
using testing::Contains;
using testing::ElementsAre;
using testing::IsEmpty;
using testing::Not;

/// The global store "ks" maps a (1); the realm alpha has a store "own" with x (4) and y (5).
struct AlphaWorld {
  World world;
  std::shared_ptr<FakeStore> own = std::make_shared<FakeStore>("own", Ordering::kByMapping);
  std::unique_ptr<Keeper> keeper = world.keeper();

  AlphaWorld() {
    own->put("x", ec(4));
    own->put("y", ec(5));
  }
  Status configure(Keeper& one, std::initializer_list<const char*> aliases,
                   std::initializer_list<const char*> global = {"a"}) const {
    std::vector<Mapping> mappings;
    if (aliases.size() > 0) mappings.push_back(mapped(kEs256, aliases));
    return World::configure(
        one, {{own, kAlpha, mappings}, {world.store, kGlobal, {mapped(kEs256, global)}}});
  }
  /// The realm signs with x, which is its own.
  void start() {
    ASSERT_THAT(configure(*keeper, {"x"}), is_ok());
    ASSERT_EQ(active(*keeper), kid(4));
    world.clock->advance(Seconds(1000));
  }
  Keeper::StepRequest step(const char* alias, bool force = false) const {
    Keeper::StepRequest request = world.step(alias, force);
    request.realm = kAlpha;
    request.store = StoreName("own");
    return request;
  }
  Status publish(const char* alias) { return async::run_now(keeper->publish(step(alias))); }
  Status retire(const char* alias, bool force) {
    return async::run_now(keeper->retire(step(alias, force)));
  }
  Status issue(Keeper& one, Seconds lifetime) const {
    return async::run_now(
        one.raise_horizon(World::ring(one, kEs256, kAlpha), world.clock->now() + lifetime));
  }
  void pass(Seconds time) {
    world.clock->advance(time);
    ASSERT_THAT(World::refresh(*keeper), is_ok());
  }
  static KeyId active(Keeper& one) { return World::active(one, kEs256, kAlpha); }
  std::vector<KeyId> kids() { return World::kids(*keeper, kEs256, kAlpha); }
  std::shared_ptr<const LiveRing> ring() { return World::ring(*keeper, kEs256, kAlpha); }

  void expect_whole_lives() {
    LifePaths paths;
    for (const auto& event : world.audit())
      paths.add(event);
    EXPECT_THAT(paths.paths.violations, IsEmpty());
    EXPECT_THAT(paths.waits.violations, IsEmpty());
    Invariant one_active, lives;
    check_records(*async::run_now(world.storage->keys(kGlobal)), one_active, lives);
    check_records(*async::run_now(world.storage->keys(kAlpha)), one_active, lives);
    EXPECT_THAT(one_active.violations, IsEmpty());
    EXPECT_THAT(lives.violations, IsEmpty());
  }
};

/// Whether the transaction writes the key into the journal of alpha.
bool writes_to_alpha(const storage::Transaction& transaction, const KeyId& wanted) {
  return std::any_of(transaction.begin(), transaction.end(), [&](const storage::Change& change) {
    const auto* put = std::get_if<storage::PutKey>(&change);
    return put != nullptr && put->key.realm == kAlpha && put->key.kid == wanted;
  });
}

TEST(GlobalKeys, sec_105_tokens_that_they_made_between_two_keys_of_a_realm_verify_to_their_end) {
  AlphaWorld alpha;
  alpha.start();
  // Given: the last key of the realm is gone by force, and a global one made a token instead.
  EXPECT_THAT(alpha.retire("x", false), fails("retirement_last_key"));
  ASSERT_THAT(alpha.retire("x", true), is_ok());
  ASSERT_EQ(AlphaWorld::active(*alpha.keeper), kid(1));
  EXPECT_TRUE(alpha.ring()->activated_early) << "the realm's verifiers do not know it yet";
  ASSERT_THAT(alpha.issue(*alpha.keeper, Seconds(7200)), is_ok());
  // When: the realm gets a key of its own again.
  alpha.pass(Seconds(1000));
  ASSERT_THAT(alpha.publish("y"), is_ok());
  // Then: that one is published before it signs, and the token verifies until it is over.
  EXPECT_THAT(alpha.kids(), ElementsAre(kid(1), kid(5)));
  EXPECT_EQ(alpha.ring()->waiting, kid(5));
  alpha.pass(alpha.world.options.policy.publish_ahead);
  EXPECT_THAT(alpha.kids(), ElementsAre(kid(5), kid(1)));
  alpha.pass(Seconds(5000));
  EXPECT_THAT(alpha.kids(), ElementsAre(kid(5), kid(1)));
  alpha.pass(Seconds(10'000));
  EXPECT_THAT(alpha.kids(), ElementsAre(kid(5)));
  EXPECT_EQ(World::active(*alpha.keeper), kid(1)) << "all other realms go on as they were";
  alpha.expect_whole_lives();
}

TEST(GlobalKeys, sec_105_one_that_the_realm_had_retired_before_is_published_anew) {
  AlphaWorld alpha;
  // Given: the realm used the global key first, and its own journal has retired it since.
  ASSERT_THAT(alpha.configure(*alpha.keeper, {}), is_ok());
  ASSERT_EQ(alpha.ring()->realm, kGlobal);
  ASSERT_THAT(alpha.publish("x"), is_ok());
  alpha.pass(Seconds(600));
  ASSERT_EQ(AlphaWorld::active(*alpha.keeper), kid(4));
  alpha.pass(Seconds(10'000));
  ASSERT_EQ(alpha.world.record(kid(1), kAlpha)->state, "retired");
  // When: its own key is gone.
  ASSERT_THAT(alpha.retire("x", true), is_ok());
  // Then: the global one signs again, as one that is new there.
  EXPECT_THAT(alpha.kids(), ElementsAre(kid(1)));
  EXPECT_EQ(alpha.world.record(kid(1), kAlpha)->published, alpha.world.clock->now());
  ASSERT_THAT(alpha.issue(*alpha.keeper, Seconds(7200)), is_ok());
  ASSERT_THAT(alpha.publish("y"), is_ok());
  EXPECT_THAT(alpha.kids(), ElementsAre(kid(1), kid(5)));
  alpha.pass(Seconds(600));
  EXPECT_THAT(alpha.kids(), ElementsAre(kid(5), kid(1)));
  alpha.expect_whole_lives();
}

TEST(GlobalKeys, take_a_realm_over_again_and_again) {
  AlphaWorld alpha;
  alpha.start();
  const char* last = "x";
  const char* next = "y";
  for (int round = 0; round < 3; ++round) {
    ASSERT_THAT(alpha.retire(last, true), is_ok());
    EXPECT_EQ(AlphaWorld::active(*alpha.keeper), kid(1)) << round;
    ASSERT_THAT(alpha.issue(*alpha.keeper, Seconds(3600)), is_ok());
    alpha.pass(Seconds(700));
    ASSERT_THAT(alpha.publish(next), is_ok());
    EXPECT_EQ(AlphaWorld::active(*alpha.keeper), kid(1)) << round;
    alpha.pass(Seconds(600));
    EXPECT_THAT(alpha.kids(), ElementsAre(kid(next == std::string("y") ? 5 : 4), kid(1)));
    std::swap(last, next);
  }
  alpha.expect_whole_lives();
}

TEST(GlobalKeys, two_instances_take_them_over_in_one_journal) {
  AlphaWorld alpha;
  alpha.start();
  auto two = alpha.world.keeper();
  ASSERT_THAT(alpha.configure(*two, {"x"}), is_ok());
  ASSERT_EQ(AlphaWorld::active(*two), kid(4));
  bool is_overtaken = false;
  alpha.world.storage->on_commit = [&](const storage::Transaction& transaction) {
    if (writes_to_alpha(transaction, kid(1)) && !std::exchange(is_overtaken, true)) {
      EXPECT_THAT(World::refresh(*two), is_ok());
    }
    return std::optional<Error>();
  };
  ASSERT_THAT(alpha.retire("x", true), is_ok());
  alpha.world.storage->on_commit = nullptr;
  EXPECT_TRUE(is_overtaken);
  EXPECT_EQ(AlphaWorld::active(*alpha.keeper), kid(1));
  EXPECT_EQ(AlphaWorld::active(*two), kid(1));
  // What the one makes with it the other verifies, and remembers when the realm has its own key.
  ASSERT_THAT(alpha.issue(*two, Seconds(7200)), is_ok());
  ASSERT_THAT(alpha.publish("y"), is_ok());
  alpha.pass(Seconds(600));
  alpha.pass(Seconds(5000));
  EXPECT_THAT(alpha.kids(), ElementsAre(kid(5), kid(1)));
  alpha.expect_whole_lives();
}

TEST(GlobalKeys, instances_that_choose_different_keys_where_none_signs_end_with_one) {
  AlphaWorld alpha;
  alpha.start();
  auto two = alpha.world.keeper();
  ASSERT_THAT(alpha.configure(*two, {"x"}), is_ok());
  ASSERT_EQ(AlphaWorld::active(*two), kid(4));
  // Given: the key is retired, and storage fails before anybody has chosen another one.
  alpha.world.storage->on_commit = [&](const storage::Transaction& transaction) {
    if (!writes_to_alpha(transaction, kid(1))) return std::optional<Error>();
    return std::optional<Error>({Code::kUnavailable, "storage_full", "full"});
  };
  EXPECT_FALSE(alpha.retire("x", true).ok());
  ASSERT_EQ(alpha.world.record(kid(4), kAlpha)->state, "retired");
  ASSERT_FALSE(alpha.world.record(kid(1), kAlpha));
  // When: an operator publishes another one while the second instance takes the global one.
  bool is_overtaken = false;
  alpha.world.storage->on_commit = [&](const storage::Transaction& transaction) {
    if (writes_to_alpha(transaction, kid(1)) && !std::exchange(is_overtaken, true)) {
      EXPECT_THAT(alpha.publish("y"), is_ok());
    }
    return std::optional<Error>();
  };
  ASSERT_THAT(World::refresh(*two), is_ok());
  alpha.world.storage->on_commit = nullptr;
  // Then
  EXPECT_TRUE(is_overtaken);
  EXPECT_EQ(AlphaWorld::active(*alpha.keeper), kid(5));
  EXPECT_EQ(AlphaWorld::active(*two), kid(5));
  alpha.expect_whole_lives();
}

TEST(GlobalKeys, sign_on_when_the_retirement_is_taken_back_until_the_key_is_known_again) {
  AlphaWorld alpha;
  alpha.start();
  ASSERT_THAT(alpha.issue(*alpha.keeper, Seconds(3600)), is_ok());
  ASSERT_THAT(alpha.retire("x", true), is_ok());
  const auto undone = async::run_now(alpha.keeper->undo_map(alpha.step("")));
  ASSERT_THAT(undone, is_ok());
  EXPECT_THAT(undone->aliases, ElementsAre(Alias("x")));
  ASSERT_TRUE(undone->not_first);
  EXPECT_STREQ(undone->not_first->reason, "activation_too_early");
  EXPECT_THAT(alpha.kids(), ElementsAre(kid(1), kid(4))) << "its tokens verify at once";
  alpha.pass(Seconds(600));
  EXPECT_EQ(AlphaWorld::active(*alpha.keeper), kid(4));
  alpha.expect_whole_lives();
}

TEST(GlobalKeys, are_followed_in_the_order_of_the_global_ring) {
  AlphaWorld alpha;
  alpha.start();
  ASSERT_THAT(alpha.configure(*alpha.keeper, {"x"}, {"b", "a"}), is_ok());
  ASSERT_EQ(World::active(*alpha.keeper), kid(1)) << "the other one waits";
  ASSERT_THAT(alpha.retire("x", true), is_ok());
  EXPECT_THAT(alpha.kids(), ElementsAre(kid(1), kid(2)));
  alpha.pass(Seconds(600));
  EXPECT_EQ(World::active(*alpha.keeper), kid(2));
  EXPECT_THAT(alpha.kids(), ElementsAre(kid(2), kid(1)));
  alpha.expect_whole_lives();
}

TEST(GlobalKeys, that_a_realm_signs_with_are_not_retired_before_its_tokens) {
  AlphaWorld alpha;
  alpha.start();
  ASSERT_THAT(alpha.retire("x", true), is_ok());
  ASSERT_THAT(alpha.issue(*alpha.keeper, Seconds(7200)), is_ok());
  EXPECT_GE(alpha.world.record(kid(1))->horizon, alpha.world.clock->now() + Seconds(7200));
  ASSERT_THAT(async::run_now(alpha.keeper->publish(alpha.world.step("b"))), is_ok());
  alpha.pass(Seconds(600));
  ASSERT_THAT(async::run_now(alpha.keeper->activate(alpha.world.step("b"))), is_ok());
  EXPECT_EQ(AlphaWorld::active(*alpha.keeper), kid(2));
  alpha.pass(Seconds(700));
  EXPECT_THAT(async::run_now(alpha.keeper->retire(alpha.world.step("a"))),
              fails("retirement_too_early"));
  EXPECT_THAT(alpha.kids(), ElementsAre(kid(2), kid(1)));
}

TEST(GlobalKeys, sec_105_what_instances_made_that_did_not_know_of_a_realms_first_key_verifies) {
  for (const bool by_step : {false, true}) {
    AlphaWorld alpha;
    ASSERT_THAT(alpha.configure(*alpha.keeper, {}), is_ok());
    auto two = alpha.world.start({"a"});
    ASSERT_EQ(AlphaWorld::active(*alpha.keeper), kid(1));
    ASSERT_EQ(AlphaWorld::active(*two), kid(1));
    ASSERT_THAT(alpha.publish("x"), is_ok());
    alpha.pass(Seconds(300));
    // Given: the second one still shares the global ring, whose journal it writes.
    ASSERT_EQ(World::ring(*two, kEs256, kAlpha)->realm, kGlobal);
    ASSERT_THAT(alpha.issue(*two, Seconds(7200)), is_ok());
    // When: the realm's own key signs.
    alpha.world.clock->advance(Seconds(300));
    if (by_step) {
      ASSERT_THAT(async::run_now(alpha.keeper->activate(alpha.step("x"))), is_ok());
    } else {
      ASSERT_THAT(World::refresh(*alpha.keeper), is_ok());
    }
    EXPECT_EQ(AlphaWorld::active(*alpha.keeper), kid(4));
    // Then
    alpha.pass(Seconds(6000));
    EXPECT_THAT(alpha.kids(), ElementsAre(kid(4), kid(1))) << by_step;
  }
}

TEST(GlobalKeys, stay_in_the_journal_of_a_realm_whose_store_is_gone) {
  AlphaWorld alpha;
  alpha.start();
  ASSERT_THAT(alpha.retire("x", true), is_ok());
  ASSERT_THAT(alpha.world.map(*alpha.keeper, {"a"}), is_ok());
  ASSERT_EQ(AlphaWorld::active(*alpha.keeper), kid(1));
  EXPECT_EQ(alpha.ring()->realm, kAlpha);
  ASSERT_THAT(alpha.issue(*alpha.keeper, Seconds(7200)), is_ok());
  ASSERT_THAT(alpha.configure(*alpha.keeper, {}), is_ok());
  ASSERT_THAT(alpha.publish("y"), is_ok());
  EXPECT_THAT(alpha.kids(), ElementsAre(kid(1), kid(5)));
}

TEST(GlobalKeys, of_the_kid_of_a_retired_key_take_its_place) {
  AlphaWorld alpha;
  alpha.own->put("x", {Secret::of_key(ec(4), KeyId("same"))});
  alpha.world.store->put("a", {Secret::of_key(ec(1), KeyId("same"))});
  ASSERT_THAT(alpha.configure(*alpha.keeper, {"x"}), is_ok());
  ASSERT_EQ(*alpha.ring()->ring->active().key->jwk().public_key(), *ec(4).public_key());
  ASSERT_THAT(alpha.retire("x", true), is_ok());
  ASSERT_NE(alpha.ring(), nullptr);
  EXPECT_EQ(*alpha.ring()->ring->active().key->jwk().public_key(), *ec(1).public_key());
}

TEST(GlobalKeys, sec_132_that_are_compromised_are_gone_in_the_realm_that_they_signed_for) {
  AlphaWorld alpha;
  auto maker = std::make_shared<MemoryStore>(StoreName("ks"));
  maker->put(Alias("web"), {Secret::of_key(ec(1))});
  ASSERT_THAT(World::configure(*alpha.keeper, {{maker, kGlobal, {mapped(kEs256, {"web"})}},
                                               {alpha.own, kAlpha, {mapped(kEs256, {"x"})}}}),
              is_ok());
  ASSERT_EQ(AlphaWorld::active(*alpha.keeper), kid(4));
  ASSERT_THAT(alpha.retire("x", true), is_ok());
  ASSERT_EQ(AlphaWorld::active(*alpha.keeper), kid(1));
  const auto report =
      async::run_now(alpha.keeper->compromise({kGlobal, kEs256, kid(1), "operator"}));
  ASSERT_THAT(report, is_ok());
  EXPECT_EQ(report->rings.size(), 2u);
  EXPECT_THAT(report->silent, IsEmpty()) << "the global successor is the realm's, too";
  ASSERT_TRUE(report->successor);
  EXPECT_EQ(AlphaWorld::active(*alpha.keeper), *report->successor);
  EXPECT_THAT(alpha.kids(), Not(Contains(kid(1))));
  EXPECT_EQ(alpha.world.record(kid(1), kAlpha)->state, "compromised");
  alpha.expect_whole_lives();
}

TEST(GlobalKeys, do_not_sign_for_a_realm_whose_mapped_key_was_compromised) {
  AlphaWorld alpha;
  alpha.start();
  const auto report =
      async::run_now(alpha.keeper->compromise({kAlpha, kEs256, kid(4), "operator"}));
  ASSERT_THAT(report, is_ok());
  EXPECT_EQ(report->silent, (std::vector<std::pair<RealmName, SecretId>>{{kAlpha, kEs256}}));
  EXPECT_EQ(alpha.ring(), nullptr);
  ASSERT_THAT(alpha.publish("y"), is_ok());
  EXPECT_THAT(alpha.kids(), ElementsAre(kid(5)));
  EXPECT_EQ(AlphaWorld::active(*alpha.keeper), kid(5)) << "nothing else signs, so it does at once";
  alpha.expect_whole_lives();
}

}  // namespace
}  // namespace signet::secrets
