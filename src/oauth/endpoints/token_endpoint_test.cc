#include "base/log.h"
#include "oauth/endpoints/test_world.h"

namespace signet::oauth::test {
namespace {

Bytes key_of(std::string_view token) {
  const auto key = tokens::opaque_key(token);
  return {key.begin(), key.end()};
}

using signet::test::is_ok;

class TokenEndpoint : public ::testing::Test {
 protected:
  TokenEndpoint() {
    world.realm("root");
    world.client("c1");
  }
  jose::VerifiedJwt verified(const std::string& token) {
    const auto realm = async::run_now(world.router->directory().load(RealmName("root")));
    jose::VerifyOptions keys;
    keys.keys = (*realm)->verification_keys();
    jose::ClaimRules rules;
    rules.now = world.clock->now();
    auto result = jose::verify_jwt(token, keys, rules);
    EXPECT_THAT(result, is_ok());
    return result.ok() ? *result : jose::VerifiedJwt{};
  }
  World world;
};

TEST_F(TokenEndpoint, gives_a_jwt_that_the_published_keys_verify) {
  const auto answer =
      world.post("/oauth2/access_token", "grant_type=client_credentials&scope=write", "c1");
  ASSERT_EQ(answer.status(), 200);
  EXPECT_EQ(answer.text("token_type"), "Bearer");
  EXPECT_EQ(answer.text("scope"), "write");
  const auto jwt = verified(answer.text("access_token"));
  EXPECT_EQ(jwt.header.alg, jose::JwsAlg::kRs256);
  EXPECT_EQ(jwt.header.typ, "at+jwt");
  EXPECT_EQ(jwt.claims.issuer, "https://as.example/oauth2");
  EXPECT_EQ(jwt.claims.subject, "c1");
  EXPECT_EQ(*jwt.claims.members.find("scope")->if_string(), "write");
  const auto jwks = world.get("/oauth2/connect/jwk_uri").json();
  bool published = false;
  for (const auto& key : *jwks.find("keys")->if_array())
    published = published || *key.get("kid")->if_string() == jwt.header.kid;
  EXPECT_TRUE(published);
}

TEST_F(TokenEndpoint, a_warm_request_never_waits) {
  world.issue("c1");
  EXPECT_EQ(world.post("/oauth2/access_token", "grant_type=client_credentials", "c1").waits, 0);
}

TEST_F(TokenEndpoint, signs_by_the_algorithm_of_the_client) {
  for (const char* alg : {"RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "EdDSA",
                          "HS256", "HS384", "HS512"}) {
    world.client("a", std::string(R"(,"access_token":{"signing_algorithm":")") + alg + "\"}");
    const std::string token = world.issue("a");
    EXPECT_EQ(jose::name(verified(token).header.alg), alg);
    EXPECT_TRUE(world.is_active(token, "a")) << alg;
  }
}

TEST_F(TokenEndpoint, tells_of_two_active_keys_of_one_kid) {
  const auto put = [&](const char* alias, crypto::KeyKind kind) {
    const auto key = crypto::PrivateKey::generate(kind, 0);
    world.store->put(Alias(alias),
                     {secrets::Secret::of_key(jose::Jwk::from_private(*key), KeyId("chosen"))});
  };
  put("ec256", crypto::KeyKind::kEcP256);
  put("ed", crypto::KeyKind::kEd25519);
  log::configure(log::Level::kWarn, true);
  testing::internal::CaptureStderr();
  // Published, active once verifiers know them, and without those whose place they took.
  for (int i = 0; i < 3; ++i) {
    ASSERT_THAT(async::run_now(world.keeper->refresh()), is_ok());
    world.clock->advance(Seconds(86400));
  }
  EXPECT_FALSE(world.issue("c1").empty());
  log::flush();
  EXPECT_THAT(testing::internal::GetCapturedStderr(), testing::HasSubstr("kid_reused"));
}

TEST_F(TokenEndpoint, without_a_key_for_the_algorithm_it_refuses_and_never_takes_another) {
  world.client("a", R"(,"access_token":{"signing_algorithm":"ES512"})");
  const auto answer = world.post("/oauth2/access_token", "grant_type=client_credentials", "a");
  EXPECT_EQ(answer.status(), 500);
  EXPECT_EQ(answer.text("error"), "server_error");
}

TEST_F(TokenEndpoint, encrypted_tokens_are_dir_and_only_we_can_read_them) {
  world.client("e", R"(,"access_token":{"format":"encrypted_jwt"})");
  const std::string token = world.issue("e");
  const auto header = jose::parse_jwe_header(token);
  ASSERT_THAT(header, is_ok());
  EXPECT_EQ(header->alg, jose::JweAlg::kDir);
  EXPECT_EQ(header->enc, jose::JweEnc::kA128CbcHs256);
  EXPECT_TRUE(world.is_active(token, "e"));
}

TEST_F(TokenEndpoint, opaque_tokens_are_durable_before_the_answer_and_stored_as_a_hash) {
  world.client("o", R"(,"access_token":{"format":"opaque"})");
  const std::string token = world.issue("o");
  EXPECT_TRUE(token.starts_with("sgo_"));
  EXPECT_TRUE(async::run_now(world.storage->token(key_of(token)))->has_value());
  EXPECT_TRUE(world.is_active(token, "o"));
}

TEST_F(TokenEndpoint, sec_067_no_scope_asked_gives_the_default) {
  EXPECT_EQ(world.post("/oauth2/access_token", "grant_type=client_credentials", "c1").text("scope"),
            "read");
}

TEST_F(TokenEndpoint, sec_066_resource_limits_the_audience) {
  world.client("r", R"(,"audience":["https://a.example","https://b.example"])");
  const auto one = verified(world.issue("r", "&resource=https://b.example"));
  EXPECT_EQ(one.claims.audience, std::vector<std::string>{"https://b.example"});
  EXPECT_EQ(world
                .post("/oauth2/access_token",
                      "grant_type=client_credentials&resource=https://c.example", "r")
                .text("error"),
            "invalid_target");
}

struct BadRow {
  const char* what;
  const char* body;
  const char* user;
  int status;
  const char* error;
};
class TokenRefusals : public TokenEndpoint, public ::testing::WithParamInterface<BadRow> {};
TEST_P(TokenRefusals, have_the_code_of_the_rfc) {
  const BadRow& row = GetParam();
  const auto answer = world.post("/oauth2/access_token", row.body, row.user);
  EXPECT_EQ(answer.status(), row.status) << row.what;
  EXPECT_EQ(answer.text("error"), row.error) << row.what;
}
INSTANTIATE_TEST_SUITE_P(
    Rows, TokenRefusals,
    ::testing::Values(
        BadRow{"no grant type", "", "c1", 400, "invalid_request"},
        BadRow{"empty grant type", "grant_type=", "c1", 400, "invalid_request"},
        BadRow{"password grant (sec_012)", "grant_type=password&username=a&password=b", "c1", 400,
               "unsupported_grant_type"},
        BadRow{"unknown grant", "grant_type=banana", "c1", 400, "unsupported_grant_type"},
        BadRow{"grant type twice", "grant_type=client_credentials&grant_type=client_credentials",
               "c1", 400, "invalid_request"},
        BadRow{"scope twice", "grant_type=client_credentials&scope=read&scope=write", "c1", 400,
               "invalid_request"},
        BadRow{"scope not allowed", "grant_type=client_credentials&scope=admin", "c1", 400,
               "invalid_scope"},
        BadRow{"malformed scope", "grant_type=client_credentials&scope=re%22ad", "c1", 400,
               "invalid_scope"},
        BadRow{"bad escape", "grant_type=%zz", "c1", 400, "invalid_request"},
        BadRow{"nobody", "grant_type=client_credentials", "", 401, "invalid_client"},
        BadRow{"unknown client", "grant_type=client_credentials", "nobody", 401, "invalid_client"},
        BadRow{"two methods (sec_035)",
               "grant_type=client_credentials&client_id=c1&client_secret=x", "c1", 400,
               "invalid_request"},
        BadRow{"method not registered (sec_036)",
               "grant_type=client_credentials&client_id=c1&client_secret="
               "Zm9yLXRlc3RzLW9ubHktbm90LWEtcmVhbC1zZWNyZXQ",
               "", 401, "invalid_client"}));

TEST_F(TokenEndpoint, sec_044_unknown_client_and_wrong_secret_look_alike) {
  for (const std::string secret : {"short", "a-wrong-secret-of-more-than-thirty-two-bytes"}) {
    const auto wrong =
        world.post("/oauth2/access_token", "grant_type=client_credentials", "c1", secret);
    const auto unknown =
        world.post("/oauth2/access_token", "grant_type=client_credentials", "nobody", secret);
    EXPECT_EQ(wrong.status(), 401);
    EXPECT_EQ(wrong.status(), unknown.status());
    EXPECT_EQ(json::dump(wrong.json()), json::dump(unknown.json()));
  }
}

TEST_F(TokenEndpoint, sec_051_a_disabled_client_is_disabled_at_every_endpoint) {
  const std::string token = world.issue("c1");
  world.client("c1", R"(,"enabled":false)");
  for (const char* path : {"/oauth2/access_token", "/oauth2/introspect", "/oauth2/token/revoke"}) {
    const auto answer = world.post(path, "grant_type=client_credentials&token=" + token, "c1");
    EXPECT_EQ(answer.status(), 401) << path;
    EXPECT_EQ(answer.text("error"), "invalid_client") << path;
  }
}

TEST_F(TokenEndpoint, a_changed_client_is_seen_at_the_next_request) {
  world.issue("c1");
  world.client("c1", R"(,"access_token":{"lifetime":60})");
  EXPECT_EQ(world.post("/oauth2/access_token", "grant_type=client_credentials", "c1")
                .json()
                .find("expires_in")
                ->if_int(),
            60);
}

TEST_F(TokenEndpoint, sec_215_a_client_of_one_realm_is_nobody_in_another) {
  world.realm("other");
  const auto answer = world.post("/oauth2/realms/root/realms/other/access_token",
                                 "grant_type=client_credentials", "c1");
  EXPECT_EQ(answer.text("error"), "invalid_client");
}

TEST_F(TokenEndpoint, a_realm_that_is_not_there_or_disabled_is_404) {
  EXPECT_EQ(
      world.post("/oauth2/realms/root/realms/none/access_token", "grant_type=x", "c1").status(),
      404);
  world.realm("off", R"(,"enabled":false)");
  EXPECT_EQ(
      world.post("/oauth2/realms/root/realms/off/access_token", "grant_type=x", "c1").status(),
      404);
}

TEST_F(TokenEndpoint, a_public_client_may_not_introspect) {
  world.put("client", "root", "p",
            R"({"client_id":"p","token_endpoint_auth_method":"none","grant_types":[]})");
  const auto answer = world.post("/oauth2/introspect", "token=x&client_id=p");
  EXPECT_EQ(answer.text("error"), "unauthorized_client");
}

TEST_F(TokenEndpoint, wrong_method_and_wrong_content_type) {
  EXPECT_EQ(world.get("/oauth2/access_token").status(), 405);
  FakeExchange exchange(http::Method::kPost, "/oauth2/access_token",
                        {{"Content-Type", "application/json"}}, "{}");
  world.router->handle(exchange);
  EXPECT_EQ(exchange.status(), 400);
  EXPECT_EQ(exchange.text("error"), "invalid_request");
}

TEST_F(TokenEndpoint, the_horizon_of_the_key_covers_every_token_before_it_is_given_out) {
  const std::string token = world.issue("c1");
  const auto jwt = verified(token);
  // The key comes from a global store, so its life is remembered globally.
  const auto keys = async::run_now(world.storage->keys(RealmName()));
  ASSERT_THAT(keys, is_ok());
  bool found = false;
  for (const auto& key : *keys) {
    if (key.kid.str() != jwt.header.kid ||
        key.secret_id != "am.services.oauth2.stateless.signing.RSA")
      continue;
    found = true;
    EXPECT_GE(key.horizon, *jwt.claims.expires);
  }
  EXPECT_TRUE(found);
}

}  // namespace
}  // namespace signet::oauth::test
