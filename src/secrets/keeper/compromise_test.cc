#include "secrets/keeper/test_support.h"
#include "secrets/stores/memory/memory_store.h"

namespace signet::secrets {
namespace {

using namespace test;
using testing::Contains;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

Keeper::CompromiseRequest request(const KeyId& kid, const RealmName& realm = kGlobal) {
  Keeper::CompromiseRequest made;
  made.realm = realm;
  made.id = kEs256;
  made.kid = kid;
  made.actor = "operator";
  return made;
}
Result<Keeper::CompromiseReport> compromise(Keeper& keeper, const KeyId& kid) {
  return async::run_now(keeper.compromise(request(kid)));
}

TEST(Compromise, sec_132_the_key_is_gone_at_once_and_the_next_ready_one_signs) {
  World world;
  auto one = world.start({"a", "b"});
  auto two = world.start({"a", "b"});
  ASSERT_THAT(world.issue(*one, Seconds(3600)), is_ok());
  world.clock->advance(world.options.policy.publish_ahead);
  const auto report = compromise(*one, kid(1));
  ASSERT_THAT(report, is_ok());
  EXPECT_EQ(report->successor, kid(2));
  EXPECT_FALSE(report->is_early);
  EXPECT_EQ(report->alias, Alias("a"));
  EXPECT_EQ(report->history.state, KeyState::kActive);
  EXPECT_GE(report->history.horizon, world.clock->now() + Seconds(3000));
  EXPECT_THAT(World::kids(*one), ElementsAre(kid(2))) << "although its tokens live";
  ASSERT_THAT(World::refresh(*two), is_ok());
  EXPECT_THAT(World::kids(*two), ElementsAre(kid(2)));
  EXPECT_EQ(world.record(kid(1))->state, "compromised");
  EXPECT_THAT(world.events(), Contains("key.compromised"));
}

TEST(Compromise, waits_for_no_store) {
  World world;
  auto keeper = world.start({"a", "b"});
  world.clock->advance(world.options.policy.publish_ahead);
  ++world.store->version;  // so that a refresh would read it anew
  const int fetches = world.store->fetches;
  ASSERT_THAT(compromise(*keeper, kid(1)), is_ok());
  EXPECT_EQ(world.store->fetches, fetches);
  EXPECT_THAT(World::kids(*keeper), ElementsAre(kid(2)));
}

TEST(Compromise, no_refresh_restart_or_mapping_revives_it) {
  World world;
  {
    auto keeper = world.start({"a", "b"});
    ASSERT_THAT(compromise(*keeper, kid(1)), is_ok());
  }
  auto keeper = world.start({"a", "b"});
  EXPECT_THAT(World::kids(*keeper), ElementsAre(kid(2)));
  world.clock->advance(std::chrono::hours(24 * 400));
  ASSERT_THAT(World::refresh(*keeper), is_ok());
  EXPECT_THAT(World::kids(*keeper), ElementsAre(kid(2)));
  EXPECT_THAT(async::run_now(keeper->activate(world.step("a", true))), fails("key_compromised"));
  ASSERT_THAT(async::run_now(keeper->retire(world.step("a"))), is_ok());
  const Status again = async::run_now(keeper->publish(world.step("a", true)));
  EXPECT_THAT(again, fails("key_compromised"));
  EXPECT_THAT(again.error().detail, HasSubstr(kid(1).str()));
  EXPECT_EQ(world.record(kid(1))->state, "compromised");
}

TEST(Compromise, the_same_material_under_another_name_or_kid_is_refused_too) {
  World world;
  auto keeper = world.start({"a", "b"});
  ASSERT_THAT(compromise(*keeper, kid(1)), is_ok());
  world.store->put("copy", {Secret::of_key(ec(1), KeyId("fresh-name"))});
  EXPECT_THAT(async::run_now(keeper->publish(world.step("copy"))), fails("key_compromised"));
  ASSERT_THAT(world.map(*keeper, {"copy", "b"}), is_ok());
  EXPECT_THAT(World::kids(*keeper), ElementsAre(kid(2)));
  EXPECT_STREQ(World::ring(*keeper)->skipped.at(0).why.reason, "key_compromised");
}

TEST(Compromise, reaches_other_realms_and_ids_that_use_the_same_key) {
  World world;
  auto own = std::make_shared<FakeStore>("own", Ordering::kByMapping);
  own->put("mine", {Secret::of_key(ec(1), KeyId("chosen"))});
  own->put("other", ec(3));
  auto keeper = world.keeper();
  ASSERT_THAT(World::configure(*keeper, {{world.store, kGlobal, {mapped(kEs256, {"a", "b"})}},
                                         {own, kAlpha, {mapped(kEs256, {"mine", "other"})}}}),
              is_ok());
  ASSERT_EQ(World::active(*keeper, kEs256, kAlpha), KeyId("chosen"));
  const auto report = compromise(*keeper, kid(1));
  ASSERT_THAT(report, is_ok());
  EXPECT_EQ(report->rings.size(), 2u);
  EXPECT_THAT(World::kids(*keeper, kEs256, kAlpha), ElementsAre(kid(3)));
  EXPECT_EQ(world.record(KeyId("chosen"), kAlpha)->state, "compromised");
}

const SecretId kStateless = SecretId::literal("am.services.oauth2.stateless.signing.ES256");

TEST(Compromise, other_ids_that_had_the_key_get_one_of_their_own_where_the_store_makes_keys) {
  World world;
  auto store = std::make_shared<MemoryStore>(StoreName("ks"));
  store->put(Alias("web"), {Secret::of_key(ec(1))});
  auto keeper = world.keeper();
  ASSERT_THAT(
      World::configure(*keeper,
                       {{store, kGlobal, {mapped(kEs256, {"web"}), mapped(kStateless, {"web"})}}}),
      is_ok());
  World::ring(*keeper, kEs256, kAlpha);  // a realm that shares the rings is no other holder
  const auto report = compromise(*keeper, kid(1));
  ASSERT_THAT(report, is_ok());
  EXPECT_EQ(report->rings.size(), 2u);
  EXPECT_TRUE(report->silent.empty());
  EXPECT_EQ(World::active(*keeper), report->successor);
  const KeyId other = World::active(*keeper, kStateless);
  EXPECT_NE(other, kid(1));
  EXPECT_NE(other, report->successor);
}

TEST(Compromise, ids_that_nothing_signs_for_any_more_are_named) {
  World world;
  auto keeper = world.keeper();
  ASSERT_THAT(
      World::configure(
          *keeper,
          {{world.store, kGlobal, {mapped(kEs256, {"a", "b"}), mapped(kStateless, {"a"})}}}),
      is_ok());
  const auto report = compromise(*keeper, kid(1));
  ASSERT_THAT(report, is_ok());
  EXPECT_EQ(report->successor, kid(2));
  EXPECT_EQ(report->silent, (std::vector<std::pair<RealmName, SecretId>>{{kGlobal, kStateless}}));
}

TEST(Compromise, signing_is_refused_where_nothing_else_can_and_the_store_makes_no_keys) {
  World world;
  auto keeper = world.start({"a"});
  const auto report = compromise(*keeper, kid(1));
  ASSERT_THAT(report, is_ok());
  EXPECT_FALSE(report->successor);
  ASSERT_TRUE(report->warning);
  EXPECT_STREQ(report->warning->reason, "no_successor");
  EXPECT_EQ(World::ring(*keeper), nullptr);
  const auto rings = async::run_now(keeper->rings(kGlobal));
  const Error& why = (*rings)->why(kEs256);
  EXPECT_EQ(why.code, Code::kUnavailable) << "until an operator brings another one";
  EXPECT_STREQ(why.reason, "no_successor");
  EXPECT_THAT(why.detail, HasSubstr("was reported compromised"));
  EXPECT_FALSE((*rings)->signs_from(kEs256));
  // When
  ASSERT_THAT(async::run_now(keeper->publish(world.step("b"))), is_ok());
  EXPECT_EQ(World::active(*keeper), kid(2));
}

TEST(Compromise, given_a_successor_that_cannot_be_read_then_that_is_told_and_nothing_signs) {
  World world;
  world.store->broken.insert_or_assign("b", Error{Code::kConfig, "pem_malformed", "no PEM at all"});
  auto keeper = world.start({"a", "b"});
  ASSERT_THAT(compromise(*keeper, kid(1)), is_ok());
  EXPECT_EQ(World::ring(*keeper), nullptr);
  const auto rings = async::run_now(keeper->rings(kAlpha));
  const Error& why = (*rings)->why(kEs256);
  EXPECT_EQ(why.code, Code::kUnavailable);
  EXPECT_STREQ(why.reason, "no_successor") << "also for realms that go by the global keys";
  EXPECT_THAT(why.detail, HasSubstr("no PEM at all"));
  // When
  world.store->broken.clear();
  ++world.store->version;
  ASSERT_THAT(World::refresh(*keeper), is_ok());
  EXPECT_EQ(World::active(*keeper), kid(2));
}

TEST(Compromise, given_that_only_public_halves_are_left_then_it_is_told_as_what_keeps_signing) {
  World world;
  world.store->put("half", jose::Jwk::from_public(*ec(2).public_key()));
  auto keeper = world.start({"a", "half"});
  ASSERT_THAT(compromise(*keeper, kid(1)), is_ok());
  EXPECT_THAT(World::kids(*keeper), ElementsAre(kid(2))) << "verifies on";
  const auto rings = async::run_now(keeper->rings(kGlobal));
  EXPECT_STREQ((*rings)->why(kEs256).reason, "no_successor");
  EXPECT_EQ((*rings)->why(kEs256).code, Code::kUnavailable);
}

TEST(Compromise, that_is_undone_leaves_an_id_without_a_key_as_any_other) {
  World world;
  auto keeper = world.start({"a"});
  ASSERT_THAT(compromise(*keeper, kid(1)), is_ok());
  ASSERT_THAT(async::run_now(keeper->undo_compromise(request(kid(1)))), is_ok());
  const auto rings = async::run_now(keeper->rings(kGlobal));
  EXPECT_EQ((*rings)->why(kEs256).code, Code::kConfig);
}

TEST(Compromise, a_new_key_is_made_where_the_store_can) {
  World world;
  auto store = std::make_shared<MemoryStore>(StoreName("ks"));
  store->put(Alias("web"), {Secret::of_key(ec(1))});
  auto keeper = world.keeper();
  ASSERT_THAT(World::configure(*keeper, {{store, kGlobal, {mapped(kEs256, {"web"})}}}), is_ok());
  const auto report = compromise(*keeper, kid(1));
  ASSERT_THAT(report, is_ok());
  EXPECT_FALSE(report->warning) << report->warning->reason << report->warning->detail;
  ASSERT_TRUE(report->successor);
  EXPECT_NE(report->successor, kid(1));
  EXPECT_TRUE(report->is_early) << "no verifier has seen it yet";
  EXPECT_FALSE(report->warning);
  EXPECT_THAT(World::kids(*keeper), ElementsAre(*report->successor));
}

TEST(Compromise, is_undone_only_by_name_and_then_the_key_is_a_retired_one) {
  World world;
  auto keeper = world.start({"a", "b"});
  EXPECT_THAT(async::run_now(keeper->undo_compromise(request(kid(1)))),
              fails("key_not_compromised"));
  ASSERT_THAT(compromise(*keeper, kid(1)), is_ok());
  ASSERT_THAT(async::run_now(keeper->undo_compromise(request(kid(1)))), is_ok());
  EXPECT_EQ(world.record(kid(1))->state, "retired");
  EXPECT_THAT(World::kids(*keeper), ElementsAre(kid(2)));
  EXPECT_THAT(world.events(), Contains("key.compromise_undone"));
  ASSERT_THAT(async::run_now(keeper->retire(world.step("a"))), is_ok());
  ASSERT_THAT(async::run_now(keeper->publish(world.step("a"))), is_ok());
  EXPECT_THAT(World::kids(*keeper), ElementsAre(kid(2), kid(1)));
}

/// A keeper of the key of alias "a" under two kids: kid(1) of one ID, "beta" of the other.
std::unique_ptr<Keeper> with_two_kids(World& world) {
  world.store->put("again", {Secret::of_key(ec(1), KeyId("beta"))});
  auto keeper = world.keeper();
  EXPECT_THAT(
      World::configure(
          *keeper,
          {{world.store, kGlobal, {mapped(kEs256, {"a", "b"}), mapped(kStateless, {"again"})}}}),
      is_ok());
  return keeper;
}
Keeper::CompromiseRequest request_of_beta() {
  auto made = request(KeyId("beta"));
  made.id = kStateless;
  return made;
}

TEST(Compromise, given_one_key_under_two_kids_when_undone_by_the_other_then_the_first_is_named) {
  World world;
  const auto keeper = with_two_kids(world);
  ASSERT_THAT(compromise(*keeper, kid(1)), is_ok());
  ASSERT_EQ(world.record(KeyId("beta"))->state, "compromised");
  const Status refused = async::run_now(keeper->undo_compromise(request_of_beta()));
  ASSERT_THAT(refused, fails("compromise_under_other_kid"));
  EXPECT_THAT(refused.error().detail, HasSubstr(kid(1).str()));
  EXPECT_EQ(world.record(KeyId("beta"))->state, "compromised");
  EXPECT_EQ(world.record(kid(1))->state, "compromised");

  ASSERT_THAT(async::run_now(keeper->undo_compromise(request(kid(1)))), is_ok());
  EXPECT_EQ(world.record(kid(1))->state, "retired");
  EXPECT_EQ(world.record(KeyId("beta"))->state, "compromised") << "each only by its name";
  ASSERT_THAT(async::run_now(keeper->undo_compromise(request_of_beta())), is_ok());
  EXPECT_EQ(world.record(KeyId("beta"))->state, "retired");
}

TEST(Compromise, given_one_key_reported_under_two_kids_when_one_is_undone_then_it_stays_undone) {
  World world;
  const auto keeper = with_two_kids(world);
  ASSERT_THAT(compromise(*keeper, kid(1)), is_ok());
  ASSERT_THAT(async::run_now(keeper->compromise(request_of_beta())), is_ok());
  ASSERT_THAT(async::run_now(keeper->undo_compromise(request(kid(1)))), is_ok());
  ASSERT_THAT(World::refresh(*keeper), is_ok());
  EXPECT_EQ(world.record(kid(1))->state, "retired");
  EXPECT_EQ(world.record(KeyId("beta"))->state, "compromised");
  std::vector<std::string> details;
  for (const auto& event : world.audit())
    details.push_back(event.detail);
  EXPECT_THAT(details, Contains(HasSubstr(R"("also_reported_as":"beta")")));
}

TEST(Compromise, of_an_unknown_key_changes_nothing) {
  World world;
  auto keeper = world.start({"a"});
  EXPECT_THAT(compromise(*keeper, KeyId("nobody")), fails("key_unknown"));
  EXPECT_THAT(async::run_now(keeper->compromise(request(kid(1), kAlpha))), fails("key_unknown"));
  EXPECT_THAT(World::kids(*keeper), ElementsAre(kid(1)));
}

TEST(Compromise, that_could_not_be_made_durable_is_an_error_and_said_so) {
  World world;
  auto keeper = world.start({"a", "b"});
  world.storage->fault = Error{Code::kUnavailable, "storage_full", "full"};
  EXPECT_THAT(compromise(*keeper, kid(1)), fails("storage_full"));
  world.storage->fault.reset();
  EXPECT_THAT(World::kids(*keeper), ElementsAre(kid(1), kid(2)));
  ASSERT_THAT(compromise(*keeper, kid(1)), is_ok());
  ASSERT_THAT(compromise(*keeper, kid(1)), is_ok()) << "twice is no harm";
  EXPECT_THAT(World::kids(*keeper), ElementsAre(kid(2)));
}

TEST(Compromise, a_versioned_alias_is_mapped_again_beside_a_version_that_was_compromised) {
  World world;
  auto cloud = std::make_shared<FakeStore>("ks", Ordering::kByStore);
  std::vector<Secret> versions;
  versions.push_back(Secret::of_key(ec(2)));
  versions.push_back(Secret::of_key(ec(1)));
  cloud->put("key", std::move(versions));
  auto keeper = world.keeper();
  ASSERT_THAT(World::configure(*keeper, {{cloud, kGlobal, {mapped(kEs256, {"key"})}}}), is_ok());
  ASSERT_TRUE(compromise(*keeper, kid(1)).ok());
  ASSERT_THAT(async::run_now(keeper->retire(world.step("key", true))), is_ok());
  ASSERT_THAT(async::run_now(keeper->publish(world.step("key"))), is_ok());
  EXPECT_EQ(world.record(kid(1))->state, "compromised");
  const auto kids = World::kids(*keeper);
  EXPECT_EQ(std::count(kids.begin(), kids.end(), kid(1)), 0);
}

}  // namespace
}  // namespace signet::secrets
