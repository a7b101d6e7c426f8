#include "oauth/client_authentication.h"

#include <functional>

#include "base/base64.h"
#include "http/form.h"
#include "jose/jws.h"
#include "support/matchers.h"

namespace signet::oauth {
namespace {

struct Read {
  Answer<Done> answer;
  Credentials::Kind kind;
  std::string id, secret, assertion;
};

Read read(std::string_view authorization, std::string_view body) {
  static std::array<char, 8192> scratch;
  const auto form = http::FormView::parse(body, scratch);
  Credentials out;
  Read r;
  r.answer = read_credentials(authorization, authorization.empty() ? 0 : 1, *form, out);
  r.kind = out.kind;
  r.id = out.client_id;
  r.secret = out.secret;
  r.assertion = out.assertion;
  return r;
}
std::string basic(std::string_view text) {
  return "Basic " + base64::encode(as_bytes(text));
}

TEST(Credentials, sec_037_basic_halves_are_form_decoded) {
  const auto r = read(basic("c%3A1:p%25w+%2B%C3%A9"), "grant_type=x");
  ASSERT_TRUE(r.answer.ok());
  EXPECT_EQ(r.kind, Credentials::Kind::kBasic);
  EXPECT_EQ(r.id, "c:1");
  EXPECT_EQ(r.secret, "p%w +é");
  // The example of RFC 6749 §2.3.1.
  const auto example = read("Basic czZCaGRSa3F0MzpnWDFmQmF0M2JW", "");
  ASSERT_TRUE(example.answer.ok());
  EXPECT_EQ(example.id, "s6BhdRkqt3");
  EXPECT_EQ(example.secret, "gX1fBat3bV");
}

TEST(Credentials, the_longest_that_may_be_registered_can_be_sent) {
  const std::string id(255, '%'), secret(kLongestSecret, '%');
  const auto longest = read(basic(http::form_encode(id) + ":" + http::form_encode(secret)), "");
  EXPECT_EQ(longest.id, id);
  EXPECT_EQ(longest.secret, secret);
}

TEST(Credentials, malformed_basic_is_invalid_client) {
  for (const char* bad : {"Basic", "Basic ", "Basic !!!!", "Basic QQ", "Bearer abc", "Basic Yzo%"})
    EXPECT_EQ(read(bad, "").answer.error().error, OAuthError::kInvalidClient) << bad;
  for (const char* bad : {"nocolon", "c:%zz", "c:b\n", "c:b d"})
    EXPECT_EQ(read(basic(bad), "").answer.error().error, OAuthError::kInvalidClient) << bad;
  EXPECT_EQ(read(basic(std::string("c:\0x", 4)), "").answer.error().error,
            OAuthError::kInvalidClient);
}

TEST(Credentials, sec_035_two_methods_at_once_are_an_invalid_request) {
  for (const auto& body :
       {"client_id=c&client_secret=s", "client_assertion=a.b.c", "client_assertion_type=x"})
    EXPECT_EQ(read(basic("c:s"), body).answer.error().error, OAuthError::kInvalidRequest) << body;
  EXPECT_EQ(read("", "client_id=c&client_secret=s&client_assertion=a.b.c").answer.error().error,
            OAuthError::kInvalidRequest);
  EXPECT_EQ(read(basic("c:s"), "client_id=other").answer.error().error,
            OAuthError::kInvalidRequest);
}

TEST(Credentials, nobody_at_all_is_invalid_client) {
  EXPECT_EQ(read("", "grant_type=client_credentials").answer.error().error,
            OAuthError::kInvalidClient);
}

TEST(Credentials, what_has_no_value_counts_as_omitted) {
  const auto by_basic = read(basic("c:s"), "client_id=&client_secret=&client_assertion=");
  EXPECT_TRUE(by_basic.answer.ok());
  EXPECT_EQ(by_basic.kind, Credentials::Kind::kBasic);
  EXPECT_EQ(read("", "client_id=c&client_secret=").kind, Credentials::Kind::kNone);
  EXPECT_EQ(read("", "client_id=&client_secret=s").answer.error().error,
            OAuthError::kInvalidClient);
}

class Assertion : public ::testing::Test {
 protected:
  Assertion() {
    const auto pair = crypto::PrivateKey::generate(crypto::KeyKind::kEcP256);
    key_ = jose::Key::local(jose::Jwk::from_private(*pair));
    client_.id = ClientId("c1");
    client_.auth_method = AuthMethod::kPrivateKeyJwt;
    client_.keys = {jose::Key::local(jose::Jwk::from_public(pair->public_key()))};
  }
  json::Object good() const {
    json::Object claims;
    claims.set("iss", "c1");
    claims.set("sub", "c1");
    claims.set("aud", "https://as.example");
    claims.set("iat", unix_seconds(now_));
    claims.set("exp", unix_seconds(now_) + 60);
    claims.set("jti", "once");
    return claims;
  }
  Answer<CheckedAssertion> check(const json::Object& claims,
                                 jose::JwsAlg alg = jose::JwsAlg::kEs256,
                                 std::string_view typ = "") {
    json::Object header;
    if (!typ.empty()) header.set("typ", typ);
    const auto token = jose::sign_compact(key_, alg, as_bytes(json::dump(claims)), header);
    return check_assertion(client_, *token, nullptr,
                           {now_, "https://as.example", "https://as.example/t"});
  }
  const Instant now_ = from_unix_seconds(1'700'000'000);
  jose::KeyPtr key_;
  Client client_;
};

TEST_F(Assertion, a_right_one_is_taken) {
  const auto checked = check(good());
  ASSERT_TRUE(checked.ok());
  EXPECT_EQ(checked->jwt_id, "once");
}

TEST_F(Assertion, sec_038_every_mutation_is_invalid_client) {
  using Mutation = std::function<void(json::Object&)>;
  const std::pair<const char*, Mutation> mutations[] = {
      {"iss of another", [](auto& c) { c.set("iss", "c2"); }},
      {"sub of another", [](auto& c) { c.set("sub", "c2"); }},
      {"no iss", [](auto& c) { c.erase("iss"); }},
      {"no sub", [](auto& c) { c.erase("sub"); }},
      {"no aud", [](auto& c) { c.erase("aud"); }},
      {"aud of another", [](auto& c) { c.set("aud", "https://other.example"); }},
      {"aud with a foreign one beside ours (sec_039)",
       [](auto& c) {
         c.set("aud", json::Array{"https://as.example", "https://other.example"});
       }},
      {"aud is the endpoint, not registered so",
       [](auto& c) { c.set("aud", "https://as.example/t"); }},
      {"no exp", [](auto& c) { c.erase("exp"); }},
      {"expired", [&](auto& c) { c.set("exp", unix_seconds(now_) - 61); }},
      {"lives for a day", [&](auto& c) { c.set("exp", unix_seconds(now_) + 86400); }},
      {"not yet valid", [&](auto& c) { c.set("nbf", unix_seconds(now_) + 120); }},
      {"issued in the future", [&](auto& c) { c.set("iat", unix_seconds(now_) + 120); }},
      {"no jti", [](auto& c) { c.erase("jti"); }},
      {"jti is a number", [](auto& c) { c.set("jti", 5); }},
      {"jti is huge", [](auto& c) { c.set("jti", std::string(300, 'x')); }},
  };
  for (const auto& [what, mutate] : mutations) {
    json::Object claims = good();
    mutate(claims);
    const auto checked = check(claims);
    ASSERT_FALSE(checked.ok()) << what;
    EXPECT_EQ(checked.error().error, OAuthError::kInvalidClient) << what;
  }
}

TEST_F(Assertion, sec_041_the_algorithm_is_the_registered_one) {
  client_.auth_alg = jose::JwsAlg::kPs256;
  EXPECT_FALSE(check(good()).ok());
  client_.auth_alg = jose::JwsAlg::kEs256;
  EXPECT_TRUE(check(good()).ok());
}

TEST_F(Assertion, an_access_token_is_no_assertion) {
  EXPECT_FALSE(check(good(), jose::JwsAlg::kEs256, "at+jwt").ok());
  EXPECT_TRUE(check(good(), jose::JwsAlg::kEs256, "JWT").ok());
}

TEST_F(Assertion, the_endpoint_is_an_audience_where_the_client_is_set_so) {
  client_.assertion_audience_endpoint = true;
  json::Object claims = good();
  claims.set("aud", "https://as.example/t");
  EXPECT_TRUE(check(claims).ok());
}

TEST_F(Assertion, sec_041_a_public_key_is_no_hmac_secret) {
  const auto confused = jose::Key::local(
      jose::Jwk::from_symmetric(SecretBytes(client_.keys[0]->jwk().public_key()->spki())));
  const auto token =
      jose::sign_compact(confused, jose::JwsAlg::kHs256, as_bytes(json::dump(good())));
  ASSERT_TRUE(token.ok());
  EXPECT_FALSE(check_assertion(client_, *token, nullptr, {now_, "https://as.example", ""}).ok());
}

TEST(Method, sec_036_only_the_registered_one_is_taken) {
  using Kind = Credentials::Kind;
  struct Row {
    AuthMethod registered;
    std::vector<Kind> taken;
  };
  const Row rows[] = {{AuthMethod::kNone, {Kind::kNone}},
                      {AuthMethod::kBasic, {Kind::kBasic}},
                      {AuthMethod::kPost, {Kind::kPost}},
                      {AuthMethod::kSecretJwt, {Kind::kAssertion}},
                      {AuthMethod::kPrivateKeyJwt, {Kind::kAssertion}}};
  for (const auto& row : rows) {
    for (const Kind kind : {Kind::kNone, Kind::kBasic, Kind::kPost, Kind::kAssertion}) {
      Client client;
      client.auth_method = row.registered;
      Credentials credentials;
      credentials.kind = kind;
      const bool expected = std::find(row.taken.begin(), row.taken.end(), kind) != row.taken.end();
      EXPECT_EQ(check_method(client, credentials).ok(), expected) << to_string(row.registered);
    }
  }
}

}  // namespace
}  // namespace signet::oauth
