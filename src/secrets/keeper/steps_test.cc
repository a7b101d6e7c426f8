#include "secrets/keeper/test_support.h"
#include "support/matchers.h"

namespace signet::secrets {
namespace {

using namespace test;
using testing::Contains;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::Not;
using testing::UnorderedElementsAre;

Status publish(Keeper& keeper, Keeper::StepRequest step) {
  return async::run_now(keeper.publish(std::move(step)));
}
Status activate(Keeper& keeper, Keeper::StepRequest step) {
  return async::run_now(keeper.activate(std::move(step)));
}
Status retire(Keeper& keeper, Keeper::StepRequest step) {
  return async::run_now(keeper.retire(std::move(step)));
}
Status map(Keeper& keeper, Mapping mapping, bool force = false) {
  return async::run_now(
      keeper.map(kGlobal, StoreName("ks"), std::move(mapping), force, "operator"));
}

TEST(Steps, publish_activate_retire_is_a_rotation) {
  World world;
  auto keeper = world.start({"a"});
  ASSERT_THAT(world.issue(*keeper, Seconds(3600)), is_ok());
  ASSERT_THAT(publish(*keeper, world.step("b")), is_ok());
  EXPECT_THAT(World::kids(*keeper), ElementsAre(kid(1), kid(2)));

  const Status early = activate(*keeper, world.step("b"));
  EXPECT_THAT(early, fails("activation_too_early"));
  EXPECT_THAT(early.error().detail, HasSubstr("600 seconds"));
  world.clock->advance(world.options.policy.publish_ahead);
  ASSERT_THAT(activate(*keeper, world.step("b")), is_ok());
  EXPECT_THAT(World::kids(*keeper), ElementsAre(kid(2), kid(1)));

  const Status soon = retire(*keeper, world.step("a"));
  EXPECT_THAT(soon, fails("retirement_too_early"));
  EXPECT_THAT(soon.error().detail, HasSubstr("3660 seconds"));
  world.clock->advance(Seconds(3660));
  ASSERT_THAT(retire(*keeper, world.step("a")), is_ok());
  EXPECT_THAT(World::kids(*keeper), ElementsAre(kid(2)));
  EXPECT_EQ(world.record(kid(1))->state, "retired");
  for (const char* event :
       {"key.published", "key.activated", "key.deactivated", "key.retired", "mapping.changed"}) {
    EXPECT_THAT(world.events(), Contains(event));
  }
}

TEST(Steps, sec_103_a_forced_retirement_takes_the_key_out_at_once_on_every_instance) {
  World world;
  auto one = world.start({"a", "b"});
  auto two = world.start({"a", "b"});
  ASSERT_THAT(world.issue(*one, Seconds(3600)), is_ok());
  world.clock->advance(world.options.policy.publish_ahead);
  EXPECT_THAT(retire(*one, world.step("a")), fails("retirement_of_active"));
  ASSERT_THAT(retire(*one, world.step("a", true)), is_ok());
  EXPECT_THAT(World::kids(*one), ElementsAre(kid(2)));
  ASSERT_THAT(World::refresh(*two), is_ok());
  EXPECT_THAT(World::kids(*two), ElementsAre(kid(2)));
  EXPECT_EQ(World::active(*two), kid(2));
}

TEST(Steps, sec_134_every_step_is_audited_with_who_and_whether_it_was_forced) {
  World world;
  auto keeper = world.start({"a"});
  ASSERT_THAT(publish(*keeper, world.step("b")), is_ok());
  ASSERT_THAT(activate(*keeper, world.step("b", true)), is_ok());
  const auto audit = world.audit();
  bool is_found = false;
  for (const auto& event : audit) {
    if (event.event != "key.activated" || event.actor != "operator") continue;
    const auto detail = json::parse(event.detail);
    ASSERT_THAT(detail, is_ok());
    EXPECT_EQ(*detail->get("secret_id")->if_string(), kEs256.str());
    EXPECT_EQ(*detail->get("kid")->if_string(), kid(2).str());
    EXPECT_EQ(*detail->get("alias")->if_string(), "b");
    EXPECT_EQ(*detail->get("store")->if_string(), "ks");
    EXPECT_TRUE(*detail->get("forced")->if_bool());
    is_found = true;
  }
  EXPECT_TRUE(is_found);
  EXPECT_EQ(World::active(*keeper), kid(2));
}

TEST(Steps, survive_a_restart_although_the_configuration_says_otherwise) {
  World world;
  {
    auto keeper = world.start({"a"});
    ASSERT_THAT(publish(*keeper, world.step("b")), is_ok());
  }
  auto restarted = world.start({"a"});
  EXPECT_THAT(World::kids(*restarted), ElementsAre(kid(1), kid(2)));
  const auto mappings = async::run_now(restarted->mappings(kGlobal, StoreName("ks")));
  ASSERT_THAT(mappings, is_ok());
  EXPECT_EQ(mappings->at(0).aliases.size(), 2u);
}

TEST(Steps, of_one_instance_reach_the_others_with_their_next_refresh) {
  World world;
  auto one = world.start({"a"});
  auto two = world.start({"a"});
  ASSERT_THAT(publish(*one, world.step("b")), is_ok());
  ASSERT_THAT(World::refresh(*two), is_ok());
  EXPECT_THAT(World::kids(*two), ElementsAre(kid(1), kid(2)));
}

TEST(Steps, sec_109_a_key_of_the_wrong_kind_is_refused_when_it_is_mapped) {
  World world;
  world.store->put("p384", p384());
  auto keeper = world.start({"a"});
  EXPECT_THAT(publish(*keeper, world.step("rsa")), fails("secret_wrong_kind"));
  EXPECT_THAT(publish(*keeper, world.step("p384")), fails("secret_wrong_curve"));
  EXPECT_THAT(publish(*keeper, world.step("hmac", true)), fails("secret_wrong_kind"))
      << "force does not change what a key is";
  EXPECT_THAT(World::kids(*keeper), ElementsAre(kid(1)));
}

TEST(Steps, refuse_aliases_that_are_not_there) {
  World world;
  auto keeper = world.start({"a"});
  EXPECT_THAT(publish(*keeper, world.step("nope")), fails("alias_unknown"));
  EXPECT_THAT(publish(*keeper, world.step("a")), fails("alias_mapped"));
  EXPECT_THAT(activate(*keeper, world.step("b")), fails("alias_not_mapped"));
  EXPECT_THAT(retire(*keeper, world.step("b")), fails("alias_not_mapped"));
  auto step = world.step("b");
  step.store = StoreName("other");
  EXPECT_THAT(publish(*keeper, step), fails("store_unknown"));
  step.store = StoreName("ks");
  step.realm = kAlpha;
  const auto of_realm = publish(*keeper, step);
  ASSERT_THAT(of_realm, fails("store_unknown"));
  EXPECT_THAT(of_realm.error().detail, testing::HasSubstr("leave the realm out"));
}

TEST(Steps, the_last_key_of_living_tokens_is_not_retired_unless_forced) {
  World world;
  auto keeper = world.start({"a"});
  ASSERT_THAT(world.issue(*keeper, Seconds(3600)), is_ok());
  const Status last = retire(*keeper, world.step("a"));
  EXPECT_THAT(last, fails("retirement_last_key"));
  EXPECT_THAT(last.error().detail, Not(HasSubstr("seconds"))) << "no time makes it safe";
  ASSERT_THAT(retire(*keeper, world.step("a", true)), is_ok());
  EXPECT_EQ(World::ring(*keeper), nullptr);
  EXPECT_THAT(async::run_now(keeper->mappings(kGlobal, StoreName("ks")))->size(), 0u);
}

TEST(Steps, the_last_key_stays_although_it_never_signed) {
  World world;
  auto keeper = world.start({"a"});
  world.clock->advance(Seconds(100'000));
  const Status last = retire(*keeper, world.step("a"));
  EXPECT_THAT(last, fails("retirement_last_key"))
      << "the next one would sign at once, before anybody has seen it";
  EXPECT_THAT(last.error().detail, HasSubstr("publish another one first"));
  EXPECT_THAT(World::kids(*keeper), ElementsAre(kid(1)));
}

TEST(Steps, a_retired_key_comes_back_only_by_publishing_it) {
  World world;
  auto keeper = world.start({"a", "b"});
  ASSERT_THAT(retire(*keeper, world.step("b")), is_ok());
  EXPECT_EQ(world.record(kid(2))->state, "retired");
  world.clock->advance(Seconds(1000));
  ASSERT_THAT(publish(*keeper, world.step("b")), is_ok());
  EXPECT_EQ(world.record(kid(2))->state, "prepared");
  EXPECT_EQ(world.record(kid(2))->published, world.clock->now());
  EXPECT_THAT(World::kids(*keeper), ElementsAre(kid(1), kid(2)));
}

TEST(Steps, retiring_the_active_key_needs_a_successor_that_was_published) {
  World world;
  auto keeper = world.start({"a", "b"});
  EXPECT_THAT(retire(*keeper, world.step("a")), fails("activation_too_early"));
  world.clock->advance(world.options.policy.publish_ahead);
  EXPECT_THAT(retire(*keeper, world.step("a")), fails("retirement_of_active"))
      << "nobody has seen a JWKS yet in which it is not active";
  ASSERT_THAT(retire(*keeper, world.step("a", true)), is_ok());
  EXPECT_THAT(World::kids(*keeper), ElementsAre(kid(2)));
  EXPECT_EQ(World::active(*keeper), kid(2));
}

TEST(Steps, retiring_the_active_key_is_refused_whatever_the_time_until_another_one_is_active) {
  World world;
  world.store->put("half", jose::Jwk::from_public(*ec(2).public_key()));
  auto keeper = world.start({"a"});
  ASSERT_THAT(publish(*keeper, world.step("half")), is_ok());
  ASSERT_THAT(world.issue(*keeper, Seconds(3600)), is_ok());
  for (int day = 0; day < 3; ++day) {
    const Status refused = retire(*keeper, world.step("a"));
    EXPECT_THAT(refused, fails("retirement_of_active"));
    EXPECT_THAT(refused.error().detail, HasSubstr("activate another one first"));
    world.clock->advance(std::chrono::hours(24));
  }
  EXPECT_EQ(World::active(*keeper), kid(1)) << "what is left could only verify";
  ASSERT_THAT(publish(*keeper, world.step("c")), is_ok());
  world.clock->advance(world.options.policy.publish_ahead);
  ASSERT_THAT(activate(*keeper, world.step("c")), is_ok());
  world.clock->advance(world.options.policy.publish_ahead);
  EXPECT_THAT(retire(*keeper, world.step("a")), is_ok());
}

TEST(Steps, an_activation_that_waits_can_be_forced) {
  World world;
  auto keeper = world.start({"a"});
  world.clock->advance(Seconds(1000));
  ASSERT_THAT(world.map(*keeper, {"b", "a"}), is_ok());
  EXPECT_THAT(activate(*keeper, world.step("b")), fails("activation_too_early"));
  ASSERT_THAT(activate(*keeper, world.step("b", true)), is_ok());
  EXPECT_EQ(World::active(*keeper), kid(2));
}

TEST(Map, a_whole_list_is_refused_like_the_steps_it_amounts_to) {
  World world;
  auto keeper = world.start({"a"});
  ASSERT_THAT(world.issue(*keeper, Seconds(3600)), is_ok());
  EXPECT_THAT(map(*keeper, mapped(kEs256, {"b", "a"})), fails("activation_too_early"));
  EXPECT_THAT(map(*keeper, mapped(kEs256, {"a", "a"})), fails("mapping_malformed"));
  EXPECT_THAT(map(*keeper, mapped(kEs256, {})), fails("mapping_malformed"));
  ASSERT_THAT(map(*keeper, mapped(kEs256, {"a", "b", "c"})), is_ok());
  world.clock->advance(world.options.policy.publish_ahead);
  EXPECT_THAT(map(*keeper, mapped(kEs256, {"c", "b"})), fails("retirement_of_active"));
  ASSERT_THAT(map(*keeper, mapped(kEs256, {"c", "a", "b"})), is_ok());
  EXPECT_EQ(World::active(*keeper), kid(3));
  ASSERT_THAT(map(*keeper, mapped(kEs256, {"b"}), true), is_ok());
  EXPECT_THAT(World::kids(*keeper), ElementsAre(kid(2)));
}

Result<Keeper::Undone> undo(World& world, Keeper& keeper) {
  return async::run_now(keeper.undo_map(world.step("")));
}

TEST(Map, sec_131_a_change_is_taken_back_in_one_call_and_made_again_by_another) {
  World world;
  auto keeper = world.start({"a"});
  EXPECT_THAT(undo(world, *keeper), fails("mapping_unchanged"));
  ASSERT_THAT(map(*keeper, mapped(kEs256, {"a", "b", "c"})), is_ok());
  world.clock->advance(world.options.policy.publish_ahead);
  ASSERT_THAT(map(*keeper, mapped(kEs256, {"b", "a", "c"})), is_ok());
  EXPECT_EQ(World::active(*keeper), kid(2));
  for (const int first : {1, 2, 1}) {
    const auto undone = undo(world, *keeper);
    ASSERT_THAT(undone, is_ok());
    EXPECT_FALSE(undone->not_first);
    EXPECT_EQ(World::active(*keeper), kid(first));
    EXPECT_EQ(undone->aliases.size(), 3u);
  }
}

TEST(Map, sec_131_what_a_forced_change_made_unverifiable_verifies_again) {
  World world;
  auto keeper = world.start({"a"});
  ASSERT_THAT(world.issue(*keeper, Seconds(3600)), is_ok());
  ASSERT_THAT(map(*keeper, mapped(kEs256, {"a", "b"})), is_ok());
  world.clock->advance(world.options.policy.publish_ahead);
  ASSERT_THAT(map(*keeper, mapped(kEs256, {"b"}), true), is_ok());
  EXPECT_THAT(World::kids(*keeper), ElementsAre(kid(2))) << "tokens of a key that is gone";
  const auto undone = undo(world, *keeper);
  ASSERT_THAT(undone, is_ok());
  EXPECT_THAT(World::kids(*keeper), UnorderedElementsAre(kid(1), kid(2)));
  EXPECT_EQ(World::active(*keeper), kid(2)) << "nobody may have a JWKS yet with the other again";
  ASSERT_TRUE(undone->not_first);
  EXPECT_STREQ(undone->not_first->reason, "activation_too_early");
  EXPECT_THAT(undone->aliases, ElementsAre(Alias("b"), Alias("a")));
}

TEST(Map, sec_131_what_came_since_a_change_is_not_lost_by_taking_it_back) {
  World world;
  auto keeper = world.start({"a"});
  ASSERT_THAT(map(*keeper, mapped(kEs256, {"a", "b"})), is_ok());
  auto other = world.keeper();
  ASSERT_THAT(World::configure(*other, {{world.store, kGlobal, {mapped(kEs256, {"a"})}}}), is_ok());
  world.storage->before_commit = [&] {
    ASSERT_THAT(map(*keeper, mapped(kEs256, {"a", "b", "c"})), is_ok());
  };
  EXPECT_THAT(undo(world, *other), fails("mapping_changed_since"));
  EXPECT_THAT(World::kids(*keeper), UnorderedElementsAre(kid(1), kid(2), kid(3)));
}

TEST(Map, sec_131_a_trial_says_what_would_be_refused_and_changes_nothing) {
  World world;
  auto keeper = world.start({"a"});
  ASSERT_THAT(world.issue(*keeper, Seconds(3600)), is_ok());
  const auto attempt = [&](std::initializer_list<const char*> aliases, bool force) {
    return async::run_now(
        keeper->map(kGlobal, StoreName("ks"), mapped(kEs256, aliases), force, "operator", true));
  };
  EXPECT_THAT(attempt({"b", "a"}, false), fails("activation_too_early"));
  EXPECT_THAT(attempt({"b"}, true), is_ok());
  EXPECT_THAT(attempt({"a", "b"}, false), is_ok());
  EXPECT_THAT(World::kids(*keeper), ElementsAre(kid(1)));
  EXPECT_THAT(undo(world, *keeper), fails("mapping_unchanged"));
}

TEST(Map, the_first_mapping_of_an_id_signs_at_once) {
  World world;
  auto keeper = world.keeper();
  ASSERT_THAT(World::configure(*keeper, {{world.store, kGlobal, {}}}), is_ok());
  ASSERT_THAT(map(*keeper, mapped(kEs256, {"a", "b"})), is_ok());
  EXPECT_EQ(World::active(*keeper), kid(1));
}

TEST(Map, sec_108_one_alias_for_signing_and_decryption_is_refused) {
  World world;
  auto keeper = world.keeper();
  ASSERT_THAT(World::configure(*keeper, {{world.store, kGlobal, {mapped(kDecrypt, {"rsa"})}}}),
              is_ok());
  EXPECT_THAT(
      map(*keeper, mapped(SecretId::literal("am.services.oauth2.oidc.signing.RSA"), {"rsa"})),
      fails("mapping_two_purposes"));
}

TEST(Map, global_ids_are_mapped_in_global_stores_only) {
  World world;
  auto keeper = world.keeper();
  ASSERT_THAT(World::configure(*keeper, {{world.store, kAlpha, {}}}), is_ok());
  const auto agent = SecretId::literal("am.global.services.oauth2.oidc.agent.idtoken.signing");
  EXPECT_THAT(async::run_now(
                  keeper->map(kAlpha, StoreName("ks"), mapped(agent, {"rsa"}), false, "operator")),
              fails("mapping_scope"));
}

TEST(Map, self_naming_stores_take_no_mapping_and_versioned_ones_a_single_alias) {
  World world;
  auto files = std::make_shared<FakeStore>("ks", Ordering::kSelfNaming);
  auto keeper = world.keeper();
  ASSERT_THAT(World::configure(*keeper, {{files, kGlobal, {}}}), is_ok());
  EXPECT_THAT(map(*keeper, mapped(kEs256, {"a"})), fails("store_not_mappable"));
  auto cloud = std::make_shared<FakeStore>("ks", Ordering::kByStore);
  cloud->put("a", ec(1));
  ASSERT_THAT(World::configure(*keeper, {{cloud, kGlobal, {}}}), is_ok());
  EXPECT_THAT(map(*keeper, mapped(kEs256, {"a", "b"})), fails("mapping_one_alias"));
  ASSERT_THAT(map(*keeper, mapped(kEs256, {"a"})), is_ok());
  EXPECT_THAT(publish(*keeper, world.step("b")), fails("mapping_one_alias"));
}

TEST(Versions, take_the_place_of_the_alias_list) {
  World world;
  auto cloud = std::make_shared<FakeStore>("ks", Ordering::kByStore);
  cloud->put("key", ec(1));
  auto keeper = world.keeper();
  ASSERT_THAT(World::configure(*keeper, {{cloud, kGlobal, {mapped(kEs256, {"key"})}}}), is_ok());
  world.clock->advance(Seconds(1000));
  std::vector<Secret> versions;
  versions.push_back(Secret::of_key(ec(2)));
  versions.push_back(Secret::of_key(ec(1)));
  cloud->put("key", std::move(versions));
  ASSERT_THAT(World::refresh(*keeper), is_ok());
  EXPECT_EQ(World::active(*keeper), kid(1)) << "a new version is published before it signs";
  world.clock->advance(world.options.policy.publish_ahead);
  ASSERT_THAT(World::refresh(*keeper), is_ok());
  EXPECT_THAT(World::kids(*keeper), ElementsAre(kid(2), kid(1)));
}

}  // namespace
}  // namespace signet::secrets
