#include "jose/jwt.h"

#include "jose/jose_test_support.h"

namespace signet::jose {
namespace {

using test::fails;
using test::is_ok;
using test::with;

constexpr std::int64_t kNow = 1'900'000'000;
const std::vector<KeyPtr> kJwtKeys = {test::hmac_key()};

ClaimRules rules_at(std::int64_t now = kNow) {
  ClaimRules rules;
  rules.now = from_unix_seconds(now);
  return rules;
}

std::string signed_claims(std::string_view claims, std::string_view header = R"({"alg":"HS256"})") {
  return test::token_with_header(header, claims);
}
Result<VerifiedJwt> verify(std::string_view claims, const ClaimRules& rules = rules_at()) {
  return verify_jwt(signed_claims(claims), with(kJwtKeys), rules);
}

TEST(Jwt, refuses_registered_claims_of_a_wrong_type) {
  for (const char* claim :
       {R"("iss":1)",         R"("iss":["a"])",   R"("sub":1)",
        R"("sub":null)",      R"("jti":{})",      R"("aud":1)",
        R"("aud":{})",        R"("aud":["a",1])", R"("aud":null)",
        R"("exp":"1")",       R"("exp":[1])",     R"("exp":null)",
        R"("exp":1e300)",     R"("exp":-1)",      R"("exp":253402300800)",
        R"("nbf":"x")",       R"("iat":true)",    R"("iat":18446744073709551615)",
        R"("scope":["a"])",   R"("client_id":1)", R"("nonce":1)",
        R"("azp":[])",        R"("amr":"pwd")",   R"("cnf":"x")",
        R"("auth_time":"1")", R"("events":[])"}) {
    EXPECT_THAT(parse_claims(as_bytes(std::string("{") + claim + "}")),
                fails("jwt_claims_malformed"))
        << claim;
  }
}

TEST(Jwt, refuses_claims_that_are_no_strict_json_object) {
  for (const char* bad : {"", "[]", "1", "\"x\"", "{\"exp\":NaN}", "{} ,", "{\"a\":\"\xFF\"}",
                          "\xEF\xBB\xBF{}", "{\"a\":1}x"}) {
    EXPECT_THAT(parse_claims(as_bytes(bad)), fails("jwt_claims_malformed")) << bad;
  }
  EXPECT_THAT(parse_claims(as_bytes(R"({"sub":"a","sub":"b"})")), fails("json_duplicate_member"));
  EXPECT_THAT(parse_claims(as_bytes(R"({"aud":"a","\u0061ud":"b"})")),
              fails("json_duplicate_member"));
  const std::string deep = "{\"a\":" + std::string(40, '[') + std::string(40, ']') + "}";
  EXPECT_THAT(parse_claims(as_bytes(deep)), fails("jwt_claims_malformed"));
}

TEST(Jwt, reads_claims_as_they_are) {
  const auto claims = parse_claims(as_bytes(
      R"({"iss":"i","sub":"s","jti":"j","aud":["a","b"],"exp":12.5,"nbf":7,"iat":0,"x":{"y":1}})"));
  ASSERT_THAT(claims, is_ok());
  EXPECT_EQ(claims->issuer, "i");
  EXPECT_EQ(claims->subject, "s");
  EXPECT_EQ(claims->jwt_id, "j");
  EXPECT_EQ(claims->audience, (std::vector<std::string>{"a", "b"}));
  EXPECT_EQ(claims->expires, Instant(Milliseconds(12500)));
  EXPECT_EQ(claims->not_before, from_unix_seconds(7));
  EXPECT_EQ(claims->issued_at, from_unix_seconds(0));
  EXPECT_NE(claims->members.find("x"), nullptr);
}

TEST(Jwt, sec_072_leeway_is_exact_at_its_borders) {
  const auto expiring = [](int ago) {
    return verify("{\"exp\":" + std::to_string(kNow - ago) + "}");
  };
  EXPECT_THAT(expiring(59), is_ok());
  EXPECT_THAT(expiring(60), fails("jwt_expired"));
  EXPECT_THAT(expiring(61), fails("jwt_expired"));
  const auto starting = [](const char* name, int ahead) {
    return verify("{\"exp\":2000000000,\"" + std::string(name) +
                  "\":" + std::to_string(kNow + ahead) + "}");
  };
  EXPECT_THAT(starting("nbf", 60), is_ok());
  EXPECT_THAT(starting("nbf", 61), fails("jwt_not_yet_valid"));
  EXPECT_THAT(starting("iat", 60), is_ok());
  EXPECT_THAT(starting("iat", 61), fails("jwt_issued_in_future"));
  ClaimRules strict = rules_at();
  strict.skew = Seconds(0);
  EXPECT_THAT(verify("{\"exp\":1900000000}", strict), fails("jwt_expired"));
  EXPECT_THAT(verify("{\"exp\":1900000001}", strict), is_ok());
}

TEST(Jwt, demands_what_the_rules_demand) {
  EXPECT_THAT(verify("{}"), fails("jwt_exp_missing"));
  ClaimRules rules = rules_at();
  rules.require_exp = false;
  EXPECT_THAT(verify("{}", rules), is_ok());
  rules.require_iat = true;
  EXPECT_THAT(verify("{}", rules), fails("jwt_iat_missing"));
  rules.require_iat = false;
  rules.require_jti = true;
  EXPECT_THAT(verify("{}", rules), fails("jwt_jti_missing"));
  EXPECT_THAT(verify(R"({"jti":""})", rules), fails("jwt_jti_missing"));
  EXPECT_THAT(verify(R"({"jti":"j"})", rules), is_ok());
}

TEST(Jwt, issuer_is_compared_exactly) {
  ClaimRules rules = rules_at();
  rules.issuer = "https://as.example";
  for (const char* other : {R"({"exp":2000000000})", R"({"exp":2000000000,"iss":""})",
                            R"({"exp":2000000000,"iss":"https://as.example/"})",
                            R"({"exp":2000000000,"iss":"https://as.example.evil"})",
                            R"({"exp":2000000000,"iss":"https://AS.example"})"}) {
    EXPECT_THAT(verify(other, rules), fails("jwt_issuer")) << other;
  }
  EXPECT_THAT(verify(R"({"exp":2000000000,"iss":"https://as.example"})", rules), is_ok());
}

TEST(Jwt, sec_071_audience_is_always_checked_where_one_is_expected) {
  ClaimRules rules = rules_at();
  rules.audience_any_of = {"a", "b"};
  const auto with_aud = [&](const char* aud) {
    return verify(std::string(R"({"exp":2000000000,"aud":)") + aud + "}", rules);
  };
  EXPECT_THAT(verify(R"({"exp":2000000000})", rules), fails("jwt_audience"));
  for (const char* other : {"[]", "\"\"", "\"aa\"", "[\"c\"]", "\"A\""}) {
    EXPECT_THAT(with_aud(other), fails("jwt_audience")) << other;
  }
  EXPECT_THAT(with_aud("\"a\""), is_ok());
  EXPECT_THAT(with_aud(R"(["c","b"])"), is_ok());
  rules.audience_exclusive = true;
  EXPECT_THAT(with_aud(R"(["c","b"])"), fails("jwt_audience"));
  EXPECT_THAT(with_aud(R"(["a","b"])"), is_ok());
}

TEST(Jwt, sec_082_typ_follows_the_media_type_rules) {
  ClaimRules rules = rules_at();
  rules.typ_any_of = {"at+jwt"};
  const auto typed = [&](const std::string& member) {
    return verify_jwt(signed_claims(R"({"exp":2000000000})", R"({"alg":"HS256")" + member + "}"),
                      with(kJwtKeys), rules);
  };
  for (const char* right : {"at+jwt", "AT+JWT", "application/at+jwt", "Application/AT+jwt"}) {
    EXPECT_THAT(typed(std::string(R"(,"typ":")") + right + '"'), is_ok()) << right;
  }
  EXPECT_THAT(typed(""), fails("jwt_typ"));
  for (const char* wrong : {"JWT", "id_token+jwt", "dpop+jwt", "logout+jwt", "oauth-authz-req+jwt",
                            "token-introspection+jwt", "", "application/", "text/at+jwt",
                            "application/at+jwt/x", "at+jwt "}) {
    EXPECT_THAT(typed(std::string(R"(,"typ":")") + wrong + '"'), fails("jwt_typ")) << wrong;
  }
}

TEST(Jwt, lifetime_counts_from_iat_or_now) {
  ClaimRules rules = rules_at();
  rules.max_lifetime = Seconds(300);
  EXPECT_THAT(verify(R"({"iat":1900000000,"exp":1900000300})", rules), is_ok());
  EXPECT_THAT(verify(R"({"iat":1900000000,"exp":1900000301})", rules), fails("jwt_lifetime"));
  EXPECT_THAT(verify(R"({"iat":0,"exp":1900000010})", rules), fails("jwt_lifetime"));
  EXPECT_THAT(verify(R"({"exp":1900000301})", rules), fails("jwt_lifetime"));
}

TEST(Jwt, refuses_an_unencoded_payload) {
  const std::string header = test::encoded(R"({"alg":"HS256","b64":false,"crit":["b64"]})");
  std::string token = header + R"(.{"exp":2000000000})";
  std::array<std::uint8_t, 32> mac;
  test::must(test::hmac_key()->sign(JwsAlg::kHs256, as_bytes(token), mac.data()));
  token += '.' + base64::url_encode(mac);
  EXPECT_THAT(verify_compact(token, with(kJwtKeys)), is_ok());
  EXPECT_THAT(verify_jwt(token, with(kJwtKeys), rules_at()), fails("jwt_unencoded"));
}

class NestedJwt : public testing::Test {
 protected:
  std::string encrypt(std::string_view inner, const char* cty = "JWT") {
    EncryptOptions options = test::encryption(JweAlg::kDir, JweEnc::kA256Gcm);
    if (cty) options.extra.set("cty", cty);
    return test::must(encrypt_compact(keys_[0], as_bytes(inner), options, random_));
  }
  Result<VerifiedJwt> verify(std::string_view token) {
    return verify_nested_jwt(token, test::decrypt_with(keys_), with(kJwtKeys), rules_at());
  }
  SystemRandom random_;
  std::vector<KeyPtr> keys_ = {test::key(test::symmetric(32))};
  std::string inner_ = signed_claims(R"({"exp":2000000000,"sub":"alice"})");
};

TEST_F(NestedJwt, is_decrypted_and_then_verified) {
  const auto verified = verify(encrypt(inner_));
  ASSERT_THAT(verified, is_ok());
  EXPECT_EQ(verified->claims.subject, "alice");
  EXPECT_THAT(verify(encrypt(encrypt(inner_))), is_ok());
}

TEST_F(NestedJwt, sec_076_every_layer_is_validated) {
  std::string forged = inner_;
  forged.back() = forged.back() == 'A' ? 'Q' : 'A';
  EXPECT_FALSE(verify(encrypt(forged)).ok());
  EXPECT_THAT(verify(encrypt(R"({"exp":2000000000})")), fails("jws_not_compact"));
  EXPECT_THAT(verify(encrypt(test::encoded(R"({"alg":"none"})") + ".e30.")), fails("jws_alg_none"));
  EXPECT_THAT(verify(inner_), fails("jwe_not_compact"));
}

TEST_F(NestedJwt, sec_089_has_at_most_two_encrypted_layers) {
  EXPECT_THAT(verify(encrypt(encrypt(encrypt(inner_)))), fails("jws_is_jwe"));
}

TEST_F(NestedJwt, sec_139_must_say_that_a_jwt_is_inside) {
  EXPECT_THAT(verify(encrypt(inner_, nullptr)), fails("jwt_not_nested"));
  EXPECT_THAT(verify(encrypt(inner_, "text")), fails("jwt_not_nested"));
  EXPECT_THAT(verify(encrypt(inner_, "jwt")), is_ok());
}

}  // namespace
}  // namespace signet::jose
