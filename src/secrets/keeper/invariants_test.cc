#include "secrets/keeper/invariants.h"

#include "secrets/keeper/test_support.h"

namespace signet::secrets {
namespace {

using namespace test;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

LifePaths paths_of(const std::vector<storage::AuditEvent>& events) {
  LifePaths paths;
  for (const auto& event : events)
    paths.add(event);
  return paths;
}

storage::AuditEvent event(const char* name, const char* kid, Instant at,
                          const char* more = "\"forced\":false") {
  storage::AuditEvent made;
  made.event = name;
  made.at = at;
  made.detail = std::string(R"({"secret_id":"x","kid":")") + kid + "\"," + more + "}";
  return made;
}

TEST(Invariants, hold_after_a_rotation_a_forced_step_a_loss_and_a_compromise) {
  World world;
  auto keeper = world.start({"a"});
  const auto run = [](Task<Done> task) { EXPECT_THAT(async::run_now(std::move(task)), is_ok()); };
  run(keeper->publish(world.step("b")));
  world.clock->advance(Seconds(600));
  run(keeper->activate(world.step("b")));
  run(keeper->publish(world.step("c")));
  run(keeper->activate(world.step("c", true)));
  run(keeper->retire(world.step("a", true)));
  run(keeper->publish(world.step("a")));
  world.store->drop("c");
  run(keeper->refresh());
  Keeper::CompromiseRequest request{kGlobal, kEs256, kid(2), "operator"};
  EXPECT_THAT(async::run_now(keeper->compromise(request)), is_ok());
  run(keeper->undo_compromise(request));

  const auto paths = paths_of(world.audit());
  EXPECT_THAT(paths.paths.violations, IsEmpty());
  EXPECT_THAT(paths.waits.violations, IsEmpty());
  EXPECT_GE(paths.waits.checked, 3u);
  Invariant one_active, lives;
  check_records(*async::run_now(world.storage->keys(kGlobal)), one_active, lives);
  EXPECT_THAT(one_active.violations, IsEmpty());
  EXPECT_THAT(lives.violations, IsEmpty());
  EXPECT_EQ(lives.checked, 3u);
}

TEST(Invariants, two_active_keys_and_broken_lives_are_found) {
  const Instant now = from_unix_seconds(1000);
  storage::KeyRecord one;
  one.secret_id = "x";
  one.kid = KeyId("one");
  one.state = "active";
  one.published = one.activated = now;
  storage::KeyRecord two = one;
  two.kid = KeyId("two");
  storage::KeyRecord three = one;
  three.kid = KeyId("three");
  three.state = "passive";
  Invariant one_active, lives;
  check_records({one, two, three}, one_active, lives);
  EXPECT_THAT(one_active.violations, ElementsAre(HasSubstr("one, two")));
  EXPECT_THAT(lives.violations, ElementsAre(HasSubstr("passive without the times")));
}

TEST(Invariants, a_key_that_signed_too_early_or_came_back_by_itself_is_found) {
  const Instant now = from_unix_seconds(1000);
  const auto paths = paths_of({
      event("key.published", "a", now),
      event("key.activated", "a", now, R"("publish_ahead":600)"),
      event("key.published", "b", now),
      event("key.activated", "b", now + Seconds(599), R"("publish_ahead":600)"),
      event("key.retired", "a", now + Seconds(700)),
      event("key.activated", "a", now + Seconds(800), R"("forced":true)"),
      event("key.compromised", "a", now + Seconds(900)),
      event("key.published", "a", now + Seconds(901)),
  });
  EXPECT_THAT(paths.waits.violations, ElementsAre(HasSubstr("599 seconds")));
  EXPECT_THAT(paths.paths.violations,
              ElementsAre(HasSubstr("activated although it is retired"),
                          HasSubstr("published although it is compromised")));
}

/// What check_missed_keys() finds of the ring as it is, and as it would be if it kept silent.
std::pair<std::vector<std::string>, std::vector<std::string>> missed(World& world, Keeper& keeper,
                                                                     const SecretId& id) {
  const auto records = *async::run_now(world.storage->keys(kGlobal));
  const auto ring = World::ring(keeper, id);
  auto silent = std::make_shared<LiveRing>(*ring);
  silent->degraded = false;
  Invariant told, untold;
  check_missed_keys(records, {ring}, keeper.policy(), world.clock->now(), told);
  check_missed_keys(records, {silent}, keeper.policy(), world.clock->now(), untold);
  return {told.violations, untold.violations};
}

TEST(Invariants, a_ring_that_lost_a_key_in_silence_is_found) {
  World world;
  auto keeper = world.start({"a", "b"});
  EXPECT_THAT(missed(world, *keeper, kEs256).second, IsEmpty()) << "it has all it needs";
  world.store->drop("a");
  ASSERT_THAT(World::refresh(*keeper), is_ok());
  const auto [told, untold] = missed(world, *keeper, kEs256);
  EXPECT_THAT(told, IsEmpty());
  EXPECT_THAT(untold, ElementsAre(HasSubstr("says nothing of it")));
}

TEST(Invariants, a_ring_without_a_key_that_storage_remembers_is_found) {
  World world;
  auto keeper = world.start({"a"});
  auto poorer = std::make_shared<LiveRing>(*World::ring(*keeper));
  poorer->entries.clear();
  Invariant shown;
  check_missed_keys(*async::run_now(world.storage->keys(kGlobal)), {poorer}, keeper->policy(),
                    world.clock->now(), shown);
  EXPECT_THAT(shown.violations, ElementsAre(HasSubstr("is active, and not in the ring")));
}

TEST(Invariants, an_outage_that_health_does_not_show_is_found) {
  World world;
  auto keeper = world.start({"a"});
  world.store->outage = Error{Code::kUnavailable, "store_down", "down"};
  StoreAnswered answer;
  answer.name = StoreName("ks");
  answer.outcome = async::run_now(keeper->fetch(kGlobal, StoreName("ks"), Alias("a"))).error();
  Invariant before;
  check_outages({answer}, keeper->health(), before);
  EXPECT_THAT(before.violations, ElementsAre(HasSubstr("the outage of store ks is not shown")));

  ASSERT_THAT(World::refresh(*keeper), is_ok());
  Invariant after;
  check_outages({answer}, keeper->health(), after);
  EXPECT_TRUE(after.holds());
  EXPECT_EQ(after.checked, 1u);
  // A key that is not there is no outage.
  answer.outcome = Error{Code::kNotFound, "alias_unknown", "no such alias"};
  StoreHealth well;
  well.name = answer.name;
  well.ok = true;
  Invariant gone;
  check_outages({answer}, {well}, gone);
  EXPECT_TRUE(gone.holds());
}

}  // namespace
}  // namespace signet::secrets
