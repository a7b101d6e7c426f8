#include "oauth/endpoints/test_outage_storage.h"
#include "oauth/endpoints/test_world.h"

namespace signet::oauth::test {
namespace {

class Introspection : public ::testing::TestWithParam<const char*> {
 protected:
  Introspection() {
    world.realm("root", std::string(R"(,"access_token":{"format":")") + GetParam() + "\"}");
    world.client("c1");
    world.client("c2");
    world.client("gateway", R"(,"may_introspect":"realm")");
    world.client("blind", R"(,"may_introspect":"none")");
  }
  World world;
};
INSTANTIATE_TEST_SUITE_P(Formats, Introspection,
                         ::testing::Values("jwt", "encrypted_jwt", "opaque"));

TEST_P(Introspection, tells_what_the_token_says) {
  const std::string token = world.issue("c1", "&scope=write");
  const auto answer =
      world.post("/oauth2/introspect", "token=" + token + "&token_type_hint=banana", "gateway");
  EXPECT_EQ(answer.status(), 200);
  EXPECT_TRUE(answer.flag("active"));
  EXPECT_EQ(answer.text("client_id"), "c1");
  EXPECT_EQ(answer.text("scope"), "write");
  EXPECT_EQ(answer.text("token_type"), "Bearer");
}

TEST_P(Introspection, sec_060_shows_only_what_concerns_the_caller) {
  const std::string token = world.issue("c1");
  EXPECT_TRUE(world.is_active(token, "c1"));
  EXPECT_TRUE(world.is_active(token, "gateway"));
  EXPECT_FALSE(world.is_active(token, "c2"));
  EXPECT_FALSE(world.is_active(token, "blind"));
  EXPECT_EQ(world.post("/oauth2/introspect", "token=" + token, "c2").json().size(), 1U);
}

TEST_P(Introspection, an_expired_token_is_inactive_to_the_second) {
  const std::string token = world.issue("c1");
  world.clock->advance(Seconds(599));
  EXPECT_TRUE(world.is_active(token, "c1"));
  world.clock->advance(Seconds(1));
  EXPECT_FALSE(world.is_active(token, "c1"));
}

TEST_P(Introspection, a_changed_token_is_inactive) {
  std::string token = world.issue("c1");
  token[token.size() - 10] = token[token.size() - 10] == 'A' ? 'B' : 'A';
  EXPECT_FALSE(world.is_active(token, "c1"));
}

TEST_P(Introspection, sec_130_a_token_of_another_realm_is_inactive) {
  world.realm("other");
  world.client("gateway", R"(,"may_introspect":"realm")", "other");
  const std::string token = world.issue("c1");
  EXPECT_FALSE(
      world.post("/oauth2/realms/root/realms/other/introspect", "token=" + token, "gateway")
          .flag("active"));
}

TEST_P(Introspection, sec_058_a_revoked_token_is_inactive_at_once_and_after_a_restart) {
  const std::string token = world.issue("c1"), other = world.issue("c1");
  EXPECT_EQ(world.post("/oauth2/token/revoke", "token=" + token, "c1").status(), 200);
  EXPECT_FALSE(world.is_active(token, "c1"));
  EXPECT_TRUE(world.is_active(other, "c1"));
  world.start();
  EXPECT_FALSE(world.is_active(token, "c1"));
  EXPECT_TRUE(world.is_active(other, "c1"));
}

TEST_P(Introspection, sec_059_revoking_another_clients_token_is_refused) {
  const std::string token = world.issue("c1");
  const auto answer = world.post("/oauth2/token/revoke", "token=" + token, "c2");
  EXPECT_EQ(answer.status(), 400);
  EXPECT_EQ(answer.text("error"), "unauthorized_client");
  EXPECT_TRUE(world.is_active(token, "c1"));
}

TEST_P(Introspection, sec_059_revoking_an_unknown_token_succeeds) {
  for (const char* token :
       {"nonsense", "a.b.c", "sgo_AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"})
    EXPECT_EQ(world.post("/oauth2/token/revoke", std::string("token=") + token, "c1").status(), 200)
        << token;
}

TEST_P(Introspection, needs_a_client_and_a_token) {
  EXPECT_EQ(world.post("/oauth2/introspect", "token=x").status(), 401);
  EXPECT_EQ(world.post("/oauth2/introspect", "", "c1").text("error"), "invalid_request");
  EXPECT_EQ(world.post("/oauth2/token/revoke", "", "c1").text("error"), "invalid_request");
}

TEST(StorageFault, sec_059_is_503_and_never_a_false_answer) {
  World world;
  world.realm("root");
  world.client("o", R"(,"access_token":{"format":"opaque"})");
  world.client("j");
  const std::string opaque = world.issue("o"), jwt = world.issue("j");
  const auto storage = std::make_shared<OutageStorage>(world.storage);
  storage->reads_documents = true;
  world.storage = storage;
  world.start();
  world.issue("j");
  storage->is_down = true;
  EXPECT_EQ(world.post("/oauth2/introspect", "token=" + opaque, "o").status(), 503);
  EXPECT_EQ(world.post("/oauth2/token/revoke", "token=" + opaque, "o").status(), 503);
  EXPECT_EQ(world.post("/oauth2/token/revoke", "token=" + jwt, "j").status(), 503);
  EXPECT_EQ(world.post("/oauth2/access_token", "grant_type=client_credentials", "o").status(), 503);
  EXPECT_TRUE(world.is_active(jwt, "j")) << "a revocation that failed must not be half there";
  EXPECT_FALSE(world.issue("j").empty()) << "what needs no write goes on";
  storage->is_down = false;
  EXPECT_TRUE(world.is_active(opaque, "o"));
}

TEST(Assertions, sec_040_a_jti_works_once_among_all_instances) {
  World world, other;
  world.realm("root");
  const auto pair = crypto::PrivateKey::generate(crypto::KeyKind::kEcP256);
  const auto shown = jose::Jwk::from_public(pair->public_key()).public_json();
  world.put("client", "root", "a",
            R"({"client_id":"a","token_endpoint_auth_method":"private_key_jwt","jwks":{"keys":[)" +
                json::dump(*shown) + "]}}");
  other.storage = world.storage;
  other.store = world.store;
  other.start();
  const auto body = [&](const std::string& jti) {
    json::Object claims;
    claims.set("iss", "a");
    claims.set("sub", "a");
    claims.set("aud", "https://as.example/oauth2");
    claims.set("exp", unix_seconds(world.clock->now()) + 60);
    claims.set("jti", jti);
    const auto key = jose::Key::local(jose::Jwk::from_private(*pair));
    return "grant_type=client_credentials&client_assertion_type="
           "urn%3Aietf%3Aparams%3Aoauth%3Aclient-assertion-type%3Ajwt-bearer&client_assertion=" +
           *jose::sign_compact(key, jose::JwsAlg::kEs256, as_bytes(json::dump(claims)));
  };
  const std::string once = body("once"), another = body("another");
  EXPECT_EQ(world.post("/oauth2/access_token", once).status(), 200);
  EXPECT_EQ(world.post("/oauth2/access_token", once).text("error"), "invalid_client");
  EXPECT_EQ(other.post("/oauth2/access_token", once).text("error"), "invalid_client");
  EXPECT_EQ(other.post("/oauth2/access_token", another).status(), 200);
  EXPECT_EQ(world.post("/oauth2/access_token", another).text("error"), "invalid_client");
}

TEST(SecretJwt, a_client_whose_secret_is_kept_sealed_signs_with_it) {
  World world;
  world.realm("root");
  world.put(
      "client", "root", "s",
      R"({"client_id":"s","token_endpoint_auth_method":"client_secret_jwt","stored_secret":"SGN1.)" +
          World::kSecret + "\"}");
  json::Object claims;
  claims.set("iss", "s");
  claims.set("sub", "s");
  claims.set("aud", "https://as.example/oauth2");
  claims.set("exp", unix_seconds(world.clock->now()) + 60);
  claims.set("jti", "1");
  const auto key =
      jose::Key::local(jose::Jwk::from_symmetric(SecretBytes::from_text(World::kSecret)));
  const std::string body =
      "grant_type=client_credentials&client_assertion_type="
      "urn%3Aietf%3Aparams%3Aoauth%3Aclient-assertion-type%3Ajwt-bearer&client_assertion=" +
      *jose::sign_compact(key, jose::JwsAlg::kHs256, as_bytes(json::dump(claims)));
  EXPECT_EQ(world.post("/oauth2/access_token", body).status(), 200);
}

TEST(Documents, sec_106_jwks_has_an_etag_and_a_cache_life_of_at_most_half_the_publish_ahead_time) {
  World world;
  world.realm("root");
  const auto fresh = world.get("/oauth2/connect/jwk_uri");
  EXPECT_EQ(fresh.response().header("Cache-Control"), "public, max-age=0, must-revalidate")
      << "keys of other IDs may still come that sign at once";
  world.clock->advance(secrets::RotationPolicy::kFirstStart);
  const auto first = world.get("/oauth2/connect/jwk_uri");
  EXPECT_EQ(first.status(), 200);
  auto& response = const_cast<FakeExchange&>(first).response();
  const std::string etag(response.header("ETag"));
  EXPECT_FALSE(etag.empty());
  const std::string cache(response.header("Cache-Control"));
  const auto at = cache.find("max-age=");
  ASSERT_NE(at, cache.npos);
  const int max_age = std::stoi(cache.substr(at + 8));
  EXPECT_GT(max_age, 0);
  EXPECT_LE(max_age * 2, world.keeper->policy().publish_ahead.count());
  const auto second = world.get("/oauth2/connect/jwk_uri", {{"If-None-Match", etag}});
  EXPECT_EQ(second.status(), 304);
}

TEST(Documents, without_any_key_there_is_no_empty_jwks_but_a_503) {
  World world;
  world.mappings.clear();
  world.storage = *storage::open("memory:", *world.clock);
  world.start();
  world.realm("root");
  EXPECT_EQ(world.get("/oauth2/connect/jwk_uri").status(), 503);
}

TEST(Documents, metadata_is_found_at_all_its_places) {
  World world;
  world.realm("root");
  world.realm("alpha");
  for (const char* path : {"/oauth2/.well-known/openid-configuration",
                           "/.well-known/oauth-authorization-server/oauth2",
                           "/.well-known/openid-configuration/oauth2"})
    EXPECT_EQ(world.get(path).text("issuer"), "https://as.example/oauth2") << path;
  EXPECT_EQ(world.get("/.well-known/oauth-authorization-server/oauth2/realms/root/realms/alpha")
                .text("issuer"),
            "https://as.example/oauth2/realms/root/realms/alpha");
}

}  // namespace
}  // namespace signet::oauth::test
