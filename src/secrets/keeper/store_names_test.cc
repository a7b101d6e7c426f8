// A store of a realm and a global one may have one name: no key of the one is taken for the
// other's.

#include "base/json_members.h"
#include "secrets/keeper/rotation_view.h"
#include "secrets/keeper/test_support.h"
#include "secrets/stores/memory/memory_store.h"
#include "support/matchers.h"

namespace signet::secrets {
namespace {

using namespace test;
using testing::ElementsAre;
using testing::IsEmpty;

/// Two stores "ks": the global one maps x (1); that of the realm alpha maps an x of its own, and
/// has a y beside it.
struct TwinStores {
  World world;
  std::shared_ptr<MemoryStore> own = std::make_shared<MemoryStore>(StoreName("ks"));
  std::shared_ptr<Keeper> keeper = world.keeper();

  TwinStores() {
    world.store->put("x", ec(1));
    own->put(Alias("x"), {Secret::of_key(ec(4))});
    own->put(Alias("y"), {Secret::of_key(ec(5))});
    EXPECT_THAT(World::configure(*keeper, {{own, kAlpha, {mapped(kEs256, {"x"})}},
                                           {world.store, kGlobal, {mapped(kEs256, {"x"})}}}),
                is_ok());
    EXPECT_EQ(active(), kid(4));
    world.clock->advance(Seconds(1000));
  }
  Keeper::StepRequest step(const char* alias, bool force = false) const {
    Keeper::StepRequest request = world.step(alias, force);
    request.realm = kAlpha;
    return request;
  }
  /// The realm has no key of its own any more, and goes by the global one.
  void follow() {
    ASSERT_THAT(async::run_now(keeper->retire(step("x", true))), is_ok());
    ASSERT_EQ(active(), kid(1));
    ASSERT_EQ(ring()->realm, kAlpha);
  }
  RotationView look() {
    RotationRule rule;
    rule.id = kEs256;
    rule.realm = kAlpha;
    rule.store = StoreName("ks");
    rule.every = Seconds(86400);
    rule.publish_ahead = Seconds(600);
    auto view =
        async::run_now(look_at_rule(keeper, std::move(rule), RotationMemory{}, world.clock->now()));
    EXPECT_THAT(view, is_ok());
    return std::move(view).value();
  }
  KeyId active() { return World::active(*keeper, kEs256, kAlpha); }
  std::shared_ptr<const LiveRing> ring() { return World::ring(*keeper, kEs256, kAlpha); }
};

TEST(StoreNames, a_key_knows_whose_store_it_is_from) {
  TwinStores twins;
  const auto* own = twins.ring()->find(kid(4));
  ASSERT_NE(own, nullptr);
  EXPECT_TRUE(own->secret.is_of(kAlpha, StoreName("ks")));
  EXPECT_FALSE(own->secret.is_of(kGlobal, StoreName("ks")));
  twins.follow();
  const auto* followed = twins.ring()->find(kid(1));
  ASSERT_NE(followed, nullptr);
  EXPECT_TRUE(followed->secret.is_of(kGlobal, StoreName("ks")));
}

TEST(StoreNames, a_rule_of_the_realm_does_not_take_a_global_key_for_one_of_its_own) {
  TwinStores twins;
  EXPECT_THAT(twins.look().keys.size(), 1U);
  EXPECT_THAT(twins.look().possible, is_ok());
  twins.follow();
  const RotationView view = twins.look();
  EXPECT_THAT(view.keys, IsEmpty());
  EXPECT_EQ(view.step.kind, RotationStep::Kind::kNone);
  EXPECT_THAT(view.possible, fails("rotation_no_active_key"));
}

TEST(StoreNames, a_step_of_the_realm_does_not_retire_the_global_key_of_the_same_alias) {
  TwinStores twins;
  twins.follow();
  // Given: tokens of the realm are made with the global x, and the realm has a list of keys again.
  ASSERT_THAT(async::run_now(twins.keeper->raise_horizon(twins.ring(),
                                                         twins.world.clock->now() + Seconds(7200))),
              is_ok());
  ASSERT_THAT(async::run_now(twins.keeper->publish(twins.step("y"))), is_ok());
  ASSERT_THAT(async::run_now(twins.keeper->publish(twins.step("x"))), is_ok());
  // When: its own x leaves the list.
  ASSERT_THAT(async::run_now(twins.keeper->retire(twins.step("x"))), is_ok());
  // Then
  EXPECT_EQ(twins.world.record(kid(4), kAlpha)->state, "retired");
  EXPECT_EQ(twins.world.record(kid(1), kAlpha)->state, "active");
  EXPECT_EQ(twins.active(), kid(1));
}

TEST(StoreNames, sec_132_the_successor_of_a_followed_key_is_not_made_in_the_realms_store) {
  TwinStores twins;
  twins.follow();
  const auto report =
      async::run_now(twins.keeper->compromise({kAlpha, kEs256, kid(1), "operator"}));
  ASSERT_THAT(report, is_ok());
  EXPECT_EQ(report->store, StoreName("ks"));
  EXPECT_EQ(report->store_realm, kGlobal);
  ASSERT_TRUE(report->warning);
  EXPECT_STREQ(report->warning->reason, "no_successor");
  EXPECT_THAT(*async::run_now(twins.own->aliases()), ElementsAre(Alias("x"), Alias("y")));
}

TEST(StoreNames, sec_134_the_audit_log_says_whose_store_a_key_is_from) {
  TwinStores twins;
  twins.follow();
  std::vector<std::string> told;
  for (const auto& event : twins.world.audit()) {
    if (event.event != "key.activated" || event.realm != kAlpha) continue;
    const auto detail = json::parse_object(event.detail);
    ASSERT_THAT(detail, is_ok());
    told.push_back(json::text_in(*detail, "kid") + " of " + json::text_in(*detail, "store_realm") +
                   "/" + json::text_in(*detail, "store"));
  }
  EXPECT_THAT(told, ElementsAre(kid(4).str() + " of alpha/ks", kid(1).str() + " of /ks"));
}

}  // namespace
}  // namespace signet::secrets
