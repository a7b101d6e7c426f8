#include "secrets/keeper/invariants.h"

#include "secrets/keeper/test_support.h"
#include "support/matchers.h"

namespace signet::secrets {
namespace {

using signet::test::is_ok;
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

}  // namespace
}  // namespace signet::secrets
