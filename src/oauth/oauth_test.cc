#include <set>

#include "oauth/client.h"
#include "oauth/client_secret.h"
#include "oauth/discovery.h"
#include "oauth/scope.h"
#include "support/matchers.h"

namespace signet::oauth {
namespace {

using test::fails;
using test::is_ok;

Result<Client> client(std::string_view text) {
  return Client::from_json(*json::parse_object(text));
}

TEST(Scope, sec_067_nothing_asked_gives_the_default_not_everything) {
  EXPECT_EQ(*grant_scope("", {"read", "write"}, {"read"}), "read");
}

TEST(Scope, is_granted_within_what_the_client_may_have) {
  EXPECT_EQ(*grant_scope("write read", {"read", "write"}, {}), "write read");
  EXPECT_EQ(*grant_scope("read read", {"read"}, {}), "read");
  for (const char* bad :
       {"admin", "read admin", "read  write", " read", "re\"ad", "READ", "read\n"}) {
    const auto answer = grant_scope(bad, {"read", "write"}, {"read"});
    ASSERT_FALSE(answer.ok()) << bad;
    EXPECT_EQ(answer.error().error, OAuthError::kInvalidScope) << bad;
  }
}

TEST(ClientSecret, sec_045_is_stored_so_that_it_cannot_be_read_back) {
  SystemRandom random;
  const std::string secret = make_client_secret(random);
  EXPECT_EQ(secret.size(), 43U);
  const std::string stored = hash_fast(secret, random);
  EXPECT_EQ(form_of(stored), SecretForm::kFast);
  EXPECT_EQ(stored.find(secret), std::string::npos);
  EXPECT_TRUE(verify_fast(stored, as_bytes(secret)));
  EXPECT_FALSE(verify_fast(stored, as_bytes(secret + "x")));
  EXPECT_NE(hash_fast(secret, random), stored);  // salted
}

TEST(ClientSecret, chosen_by_a_person_is_hashed_slowly) {
  const auto stored = hash_slow("hunter2hunter2");
  ASSERT_THAT(stored, is_ok());
  EXPECT_EQ(form_of(*stored), SecretForm::kSlow);
  EXPECT_TRUE(verify_slow(*stored, as_bytes("hunter2hunter2")));
  EXPECT_FALSE(verify_slow(*stored, as_bytes("hunter2hunter3")));
  EXPECT_FALSE(verify_fast(*stored, as_bytes("hunter2hunter2")));
}

TEST(ClientSecret, sec_127_one_that_checks_assertions_is_long_and_in_no_attackers_list) {
  const std::string copied = "<random_string_at_least_32_characters_long>";
  EXPECT_THAT(check_client_secret("correct horse"), is_ok());
  using enum jose::JwsAlg;
  EXPECT_THAT(check_client_secret("correct horse", kHs256), fails("client_secret_length"));
  EXPECT_THAT(check_client_secret(copied, kHs256), fails("client_secret_well_known"));
  EXPECT_THAT(check_client_secret(copied + "x", kHs256), is_ok());
  for (const auto& [alg, least] :
       {std::pair(kHs256, 32), std::pair(kHs384, 48), std::pair(kHs512, 64)}) {
    const std::string shortest = (copied + copied).substr(0, static_cast<std::size_t>(least));
    EXPECT_THAT(check_client_secret(shortest, alg), is_ok());
    EXPECT_THAT(check_client_secret(shortest.substr(1), alg), fails("client_secret_length"));
  }
  SystemRandom random;
  EXPECT_THAT(check_client_secret(make_mac_secret(random), kHs512), is_ok());
  EXPECT_THAT(check_client_secret("1234567"), fails("client_secret_length"));
  EXPECT_THAT(check_client_secret(std::string(513, 'x')), fails("client_secret_length"));
  EXPECT_THAT(check_client_secret("correct \xFF horse"), fails("client_secret_malformed"));
}

TEST(ClientDocument, defaults_are_the_safe_ones) {
  const auto c = client(R"({"client_id":"c"})");
  ASSERT_THAT(c, is_ok());
  EXPECT_EQ(c->auth_method, AuthMethod::kBasic);
  EXPECT_EQ(c->introspection, Introspection::kOwn);
  EXPECT_TRUE(c->scopes.empty());
  EXPECT_FALSE(c->assertion_audience_endpoint);
}

TEST(ClientDocument, tells_what_is_wrong) {
  const std::pair<const char*, const char*> rows[] = {
      {R"({})", "settings_invalid"},
      {R"({"client_id":"a b"})", "settings_invalid"},
      {R"({"client_id":"c","token_endpoint_auth_method":"magic"})", "settings_invalid"},
      {R"({"client_id":"c","grant_types":["password"]})", "settings_invalid"},
      {R"({"client_id":"c","scopez":["a"]})", "settings_invalid"},
      {R"({"client_id":"c","scopes":["a b"]})", "settings_invalid"},
      {R"({"client_id":"c","scopes":["y"],"default_scopes":["x"]})", "client_contradiction"},
      {R"({"client_id":"c","token_endpoint_auth_method":"private_key_jwt"})",
       "client_contradiction"},
      {R"({"client_id":"c","jwks":{"keys":[{"kty":"oct","k":"AAAA"}]}})", "settings_invalid"},
  };
  for (const auto& [text, reason] : rows)
    EXPECT_THAT(client(text), fails(reason)) << text;
}

TEST(ClientDocument,
     sec_046_a_public_client_has_no_client_credentials_and_introspects_nothing_of_others) {
  EXPECT_THAT(client(R"({"client_id":"c","token_endpoint_auth_method":"none"})"),
              fails("client_contradiction"));
  EXPECT_THAT(client(R"({"client_id":"c","token_endpoint_auth_method":"none","grant_types":[],
                         "may_introspect":"realm"})"),
              fails("client_contradiction"));
}

TEST(ClientDocument, is_shown_without_its_secret) {
  const auto shown =
      without_secret(*json::parse_object(R"({"client_id":"c","stored_secret":"sha256$a$b"})"));
  EXPECT_EQ(shown.find("stored_secret"), nullptr);
  EXPECT_EQ(*shown.find("has_secret")->if_bool(), true);
}

TEST(Jwks, sec_135_never_holds_a_symmetric_key_nor_a_private_member) {
  const auto symmetric = secrets::Secret::of_key(jose::Jwk::from_symmetric(SecretBytes(32)));
  const auto key = crypto::PrivateKey::generate(crypto::KeyKind::kEcP256);
  ASSERT_THAT(key, is_ok());
  const auto pair = secrets::Secret::of_key(jose::Jwk::from_private(*key));
  const auto set = json::parse_object(jwks_document({{&symmetric, jose::KeyUse::kSig},
                                                     {&pair, jose::KeyUse::kSig},
                                                     {&pair, jose::KeyUse::kSig}}));
  ASSERT_THAT(set, is_ok());
  const auto* keys = set->find("keys")->if_array();
  ASSERT_EQ(keys->size(), 1U);
  for (const char* secret : {"d", "p", "q", "dp", "dq", "qi", "k"})
    EXPECT_EQ((*keys)[0].get(secret), nullptr);
  EXPECT_EQ(*(*keys)[0].get("kid")->if_string(), pair.kid.str());
  EXPECT_EQ(*(*keys)[0].get("use")->if_string(), "sig");
}

TEST(Metadata, names_only_what_is_there) {
  Capabilities c;
  c.issuer = c.base_url = "https://as.example/oauth2";
  const auto doc = json::parse_object(metadata_document(c));
  ASSERT_THAT(doc, is_ok());
  EXPECT_EQ(*doc->find("issuer")->if_string(), "https://as.example/oauth2");
  EXPECT_EQ(*doc->find("token_endpoint")->if_string(), "https://as.example/oauth2/access_token");
  EXPECT_EQ(doc->find("authorization_endpoint"), nullptr);
  EXPECT_EQ(json::dump(*doc).find("none"), std::string::npos);
}

TEST(Refusals, each_has_its_code_and_status) {
  std::set<std::pair<std::string_view, int>> answers;
  for (int i = 0; i <= static_cast<int>(OAuthError::kTooManyRequests); ++i) {
    const auto error = static_cast<OAuthError>(i);
    EXPECT_TRUE(answers.insert({wire_code(error), http_status(error)}).second);
    EXPECT_GE(http_status(error), 400);
  }
  EXPECT_EQ(Refusal(Error{Code::kUnavailable, "x", "secret detail"}).error,
            OAuthError::kTemporarilyUnavailable);
  EXPECT_EQ(Refusal(Error{Code::kInternal, "x", "secret detail"}).description.find("secret"),
            std::string::npos);
}

}  // namespace
}  // namespace signet::oauth
