// What clients hear of an instance that started while a store was out of reach.

#include "oauth/endpoints/test_world.h"

namespace signet::oauth::test {
namespace {

using signet::test::is_ok;
using testing::HasSubstr;

class UnreadStore : public ::testing::Test {
 protected:
  UnreadStore() { prepare(); }
  void prepare() {
    world.realm("root");
    world.client("es", R"(,"access_token":{"signing_algorithm":"ES256"})");
    world.client("mac", R"(,"access_token":{"signing_algorithm":"HS256"})");
    world.client("gateway", R"(,"may_introspect":"realm")");
  }
  void restart() {
    world.store->fail_with(Error{Code::kUnavailable, "store_away", "nobody answers"});
    world.start();
  }
  void come_back() {
    world.store->fail_with(std::nullopt);
    ASSERT_THAT(async::run_now(world.keeper->refresh()), is_ok());
  }
  FakeExchange jwks() { return world.get("/oauth2/connect/jwk_uri"); }
  FakeExchange introspect(const std::string& token) {
    return world.post("/oauth2/introspect", "token=" + token, "gateway");
  }

  World world;
};

TEST_F(UnreadStore, the_jwks_is_what_it_was_and_nothing_is_signed) {
  const std::string token = world.issue("es");
  const std::string before = jwks().response().body;
  restart();
  EXPECT_EQ(jwks().status(), 200);
  EXPECT_EQ(jwks().json().find("keys")->if_array()->size(), 3u);
  EXPECT_TRUE(world.is_active(token, "gateway"));
  const auto refused = world.post("/oauth2/access_token", "grant_type=client_credentials", "es");
  EXPECT_EQ(refused.status(), 503);
  come_back();
  EXPECT_EQ(jwks().response().body, before);
  EXPECT_FALSE(world.issue("es").empty());
}

TEST_F(UnreadStore, a_token_of_a_key_that_nobody_remembers_is_not_called_inactive) {
  const std::string token = world.issue("mac");
  restart();
  EXPECT_EQ(introspect(token).status(), 503);
  EXPECT_EQ(world.post("/oauth2/token/revoke", "token=" + token, "mac").status(), 503)
      << "nor is it called revoked";
  come_back();
  EXPECT_TRUE(world.is_active(token, "gateway"));
}

TEST_F(UnreadStore, a_realm_of_whose_keys_nothing_is_remembered_has_no_jwks_yet) {
  // Instances that share a store, each with a storage of its own.
  world.storage = *storage::open("memory:", *world.clock);
  restart();
  prepare();
  EXPECT_EQ(jwks().status(), 503);
  EXPECT_EQ(jwks().response().header("Retry-After"), "1");
  come_back();
  EXPECT_EQ(jwks().status(), 200);
  EXPECT_THAT(jwks().response().body, HasSubstr("P-256"));
}

}  // namespace
}  // namespace signet::oauth::test
