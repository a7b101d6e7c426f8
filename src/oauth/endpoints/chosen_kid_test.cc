// A kid that the operator chose, as clients and verifiers see it.

#include "oauth/endpoints/test_world.h"

namespace signet::oauth::test {
namespace {

using testing::HasSubstr;
using testing::Not;

TEST(ChosenKid, is_in_the_token_and_in_the_jwks_and_verifies) {
  World world([](World& w) {
    w.store->choose_kids(secrets::ChosenKids({{Alias("ec256"), KeyId("login-1")}}));
  });
  world.realm("root");
  world.client("es", R"(,"access_token":{"signing_algorithm":"ES256"})");
  world.client("gateway", R"(,"may_introspect":"realm")");

  const std::string token = world.issue("es");
  ASSERT_FALSE(token.empty());
  EXPECT_EQ(jose::parse_compact_header(token)->kid, "login-1");
  EXPECT_TRUE(world.is_active(token, "gateway"));

  const std::string set = world.get("/oauth2/connect/jwk_uri").response().body;
  EXPECT_THAT(set, HasSubstr(R"("kid":"login-1")"));
  const auto held = async::run_now(world.store->fetch(Alias("ec256")));
  EXPECT_THAT(set, Not(HasSubstr(held->front().key->jwk().thumbprint())));
}

}  // namespace
}  // namespace signet::oauth::test
