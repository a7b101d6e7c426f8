#include "admin/test_admin.h"
#include "secrets/keeper/instances.h"

namespace signet::admin {
namespace {

using test::AdminApiTest;
using testing::HasSubstr;
using testing::Not;

/// This instance, with another beside it that only writes its document.
class ClockHealth : public AdminApiTest {
 protected:
  ClockHealth() {
    world.keeping.instance.id = "self";
    world.start();
    services->oauth = world.services;
    services->directory = &world.router->directory();
  }
  void other_writes(Seconds ahead) {
    const auto clock = (world.clock->now() + ahead).time_since_epoch();
    world.put(
        secrets::kInstanceKind, "", "other",
        R"({"address":"other:8080","interval":10,"clock":)" + std::to_string(clock.count()) + "}");
    EXPECT_THAT(async::run_now(world.keeper->refresh()), signet::test::is_ok());
    world.clock->advance(Seconds(10));
  }
  std::string health() { return get("/admin/health").response().body; }
};

TEST_F(ClockHealth, sec_133_the_clock_of_a_neighbour_that_is_apart_by_30_seconds_is_an_alarm) {
  other_writes(Seconds(0));
  EXPECT_THAT(health(), HasSubstr(R"({"name":"clocks_of_instances","ok":true,"detail":""})"));
  other_writes(Seconds(-600));
  other_writes(Seconds(-600));
  EXPECT_THAT(health(), HasSubstr("the clock of instance other ('other:8080') is 590 seconds or "
                                  "more behind this one's: set both by NTP"));
  EXPECT_THAT(health(), HasSubstr(R"("status":"degraded")"));
  EXPECT_THAT(get("/admin/instances").response().body, HasSubstr(R"("clock_ahead_seconds":-590)"));
  other_writes(Seconds(31));
  EXPECT_THAT(health(), HasSubstr("31 seconds or more ahead of this one's"));
}

TEST_F(ClockHealth,
       a_neighbour_that_is_gone_is_no_alarm_and_one_of_an_older_version_tells_nothing) {
  other_writes(Seconds(600));
  EXPECT_THAT(health(), HasSubstr("600 seconds or more ahead"));
  world.put(secrets::kInstanceKind, "", "older", R"({"address":"older:8080","interval":10})");
  for (int i = 0; i < 4; ++i) {
    EXPECT_THAT(async::run_now(world.keeper->refresh()), signet::test::is_ok());
    world.clock->advance(Seconds(10));
  }
  EXPECT_THAT(health(), Not(HasSubstr("seconds or more")));
}

}  // namespace
}  // namespace signet::admin
