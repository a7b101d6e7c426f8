// What health says of an instance of which the others do not hear.

#include "admin/test_admin.h"

namespace signet::admin {
namespace {

using test::AdminApiTest;
using testing::HasSubstr;

TEST_F(AdminApiTest, health_says_when_nobody_may_keep_a_copy_of_the_jwks) {
  world.keeping.instance.id = "self";
  world.start();
  services->oauth = world.services;
  services->directory = &world.router->directory();
  const auto health = [this] { return get("/admin/health").response().body; };
  EXPECT_THAT(health(), HasSubstr(R"({"name":"jwks_copies","ok":true,"detail":""})"));
  world.clock->advance(Seconds(25));
  EXPECT_THAT(health(), HasSubstr(R"("status":"degraded")"));
  EXPECT_THAT(health(), HasSubstr("could not tell the others that it lives for 25 seconds, so "
                                  "nobody may keep a copy of its JWKS (max-age=0)"));
  EXPECT_THAT(async::run_now(world.keeper->refresh()), signet::test::is_ok());
  EXPECT_THAT(health(), HasSubstr(R"({"name":"jwks_copies","ok":true,"detail":""})"));
}

}  // namespace
}  // namespace signet::admin
