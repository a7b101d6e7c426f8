#include "jose/jws.h"

#include "jose/jose_test_support.h"

namespace signet::jose {
namespace {

using test::encoded;
using test::fails;
using test::hmac_key;
using test::is_ok;
using test::token_with_header;
using test::with;

const std::vector<KeyPtr> kJwsKeys = {hmac_key()};

TEST(Jws, sec_074_refuses_unsigned_tokens_in_every_spelling) {
  EXPECT_THAT(verify_compact(test::kRfc7515A5Token, with(kJwsKeys)), fails("jws_alg_none"));
  for (const char* alg : {"none", "None", "NONE", "nOnE", " none", "none ", "\\tnone"}) {
    const std::string header = std::string(R"({"alg":")") + alg + "\"}";
    EXPECT_THAT(verify_compact(encoded(header) + ".e30.", with(kJwsKeys)), fails("jws_alg_none"));
    EXPECT_THAT(verify_compact(token_with_header(header, "{}"), with(kJwsKeys)),
                fails("jws_alg_none"));
  }
  EXPECT_THAT(verify_compact(token_with_header(R"({"alg":""})", "{}"), with(kJwsKeys)),
              fails("jws_alg_unknown"));
  EXPECT_THAT(verify_compact(token_with_header(R"({"alg":"hs256"})", "{}"), with(kJwsKeys)),
              fails("jws_alg_unknown"));
}

TEST(Jws, sec_081_refuses_header_members_of_wrong_types) {
  for (const char* member :
       {R"("kid":{"a":1})", R"("kid":1)", R"("kid":null)", R"("typ":1)", R"("cty":[])",
        R"("jku":{})", R"("x5u":1)", R"("jwk":"text")", R"("x5c":"text")", R"("x5c":[])",
        R"("x5c":[1])", R"("x5t":1)", R"("x5t#S256":[])", R"("b64":"false")", R"("b64":0)"}) {
    const std::string token =
        token_with_header(std::string(R"({"alg":"HS256",)") + member + "}", "{}");
    EXPECT_THAT(verify_compact(token, with(kJwsKeys)), fails("jws_header_malformed")) << member;
    EXPECT_THAT(parse_compact_header(token), fails("jws_header_malformed")) << member;
  }
  for (const char* header :
       {R"({})", R"({"alg":1})", R"({"alg":null})", R"({"alg":["HS256"]})", R"([])", R"("HS256")",
        "{", "", "\xEF\xBB\xBF{\"alg\":\"HS256\"}", "{\"alg\":\"HS256\",\"x\":\"\xFF\"}"}) {
    EXPECT_THAT(verify_compact(token_with_header(header, "{}"), with(kJwsKeys)),
                fails("jws_header_malformed"))
        << header;
  }
}

TEST(Jws, sec_085_refuses_duplicate_header_members) {
  for (const char* header :
       {R"({"alg":"none","alg":"HS256"})", R"({"alg":"HS256","\u0061lg":"HS256"})",
        R"({"alg":"HS256","kid":"a","kid":"a"})"}) {
    EXPECT_THAT(verify_compact(token_with_header(header, "{}"), with(kJwsKeys)),
                fails("json_duplicate_member"));
  }
}

TEST(Jws, sec_084_refuses_crit_that_is_malformed_or_not_understood) {
  const auto verify = [](const char* rest) {
    return verify_compact(token_with_header(std::string(R"({"alg":"HS256",)") + rest + "}", "{}"),
                          with(kJwsKeys));
  };
  EXPECT_THAT(verify(R"("crit":["x"],"x":1)"), fails("jws_crit_unknown"));
  EXPECT_THAT(verify(R"("crit":["exp"],"exp":1)"), fails("jws_crit_unknown"));
  for (const char* rest :
       {R"("crit":[])", R"("crit":"b64")", R"("crit":[1])", R"("crit":["b64"])", R"("crit":null)",
        R"("b64":true,"crit":["b64","b64"])", R"("crit":["alg"])", R"("crit":["kid"],"kid":"a")",
        R"("crit":{"b64":true},"b64":true)", R"("b64":false)"}) {
    EXPECT_THAT(verify(rest), fails("jws_crit_malformed")) << rest;
  }
  EXPECT_THAT(verify(R"("b64":true,"crit":["b64"])"), is_ok());

  const std::string_view understood[] = {"x"};
  VerifyOptions options = with(kJwsKeys);
  options.understood_crit = understood;
  EXPECT_THAT(
      verify_compact(token_with_header(R"({"alg":"HS256","crit":["x"],"x":1})", "{}"), options),
      is_ok());
  EXPECT_THAT(verify_compact(token_with_header(R"({"alg":"HS256","crit":["x"]})", "{}"), options),
              fails("jws_crit_malformed"));
}

TEST(Jws, sec_086_refuses_anything_but_strict_base64url) {
  const std::string good = token_with_header(R"({"alg":"HS256"})", "{}");
  ASSERT_THAT(verify_compact(good, with(kJwsKeys)), is_ok());
  for (const std::string& bad :
       {good + "=", good + "==", good + " ", good + "\n", "\n" + good, " " + good,
        good.substr(0, good.size() - 1), good.substr(0, good.size() - 1) + "+"}) {
    EXPECT_FALSE(verify_compact(bad, with(kJwsKeys)).ok()) << bad;
  }
  // The payload "{}" is e30; e31 differs in bits that mean nothing.
  std::string other = good;
  other.replace(other.find(".e30.") + 3, 1, "1");
  EXPECT_THAT(verify_compact(other, with(kJwsKeys)), fails("base64url_invalid"));
}

TEST(Jws, refuses_everything_that_has_not_three_parts) {
  for (const char* bad : {"", ".", "a", "a.b", "a.b.c.d", "a.b.c.d.e.f", "{}"}) {
    EXPECT_THAT(verify_compact(bad, with(kJwsKeys)), fails("jws_not_compact")) << bad;
  }
  EXPECT_THAT(verify_compact("a.b.c.d.e", with(kJwsKeys)), fails("jws_is_jwe"));
  EXPECT_THAT(verify_compact("..", with(kJwsKeys)), fails("jws_header_malformed"));
}

TEST(Jws, sec_088_refuses_what_is_too_large) {
  EXPECT_THAT(verify_compact(std::string(65537, '.'), with(kJwsKeys)), fails("jws_too_large"));
  EXPECT_THAT(verify_compact(std::string(65536, '.'), with(kJwsKeys)), fails("jws_not_compact"));
  const std::string header = R"({"alg":"HS256","x":")" + std::string(17000, 'x') + "\"}";
  EXPECT_THAT(verify_compact(token_with_header(header, "{}"), with(kJwsKeys)),
              fails("jws_header_malformed"));
  const std::string good = token_with_header(R"({"alg":"HS256"})", "{}");
  EXPECT_THAT(verify_compact(good + std::string(3000, 'A'), with(kJwsKeys)),
              fails("jws_signature_invalid"));
}

TEST(Jws, sec_089_refuses_a_deeply_nested_header) {
  const std::string deep =
      R"({"alg":"HS256","x":)" + std::string(40, '[') + std::string(40, ']') + "}";
  EXPECT_THAT(verify_compact(token_with_header(deep, "{}"), with(kJwsKeys)),
              fails("jws_header_malformed"));
}

TEST(Jws, sec_081_never_trusts_a_key_that_the_header_brings) {
  const KeyPtr attacker = test::ec_key();
  json::Object extra;
  extra.set("jwk", test::must(attacker->jwk().public_json()));
  extra.set("jku", "https://attacker.example/jwks");
  const auto token = sign_compact(attacker, JwsAlg::kEs256, as_bytes("{}"), extra);
  ASSERT_THAT(token, is_ok());
  const std::vector<KeyPtr> ours = {test::key(test::generated(crypto::KeyKind::kEcP256))};
  EXPECT_THAT(verify_compact(*token, with(ours)), fails("jws_signature_invalid"));
  const std::vector<KeyPtr> theirs = {attacker};
  EXPECT_THAT(verify_compact(*token, with(theirs)), is_ok());
}

TEST(Jws, uses_only_the_keys_that_a_kid_names) {
  const KeyPtr a = test::key(test::symmetric(32, 1).with_kid("a"));
  const KeyPtr b = test::key(test::symmetric(32, 2).with_kid("b"));
  const std::vector<KeyPtr> keys = {a, b};
  const std::string by_b = test::must(sign_compact(b, JwsAlg::kHs256, as_bytes("{}")));
  const auto verified = verify_compact(by_b, with(keys));
  ASSERT_THAT(verified, is_ok());
  EXPECT_EQ(verified->key, b);
  EXPECT_EQ(verified->header.kid, "b");

  const std::string forged = token_with_header(R"({"alg":"HS256","kid":"a"})", "{}", b);
  EXPECT_THAT(verify_compact(forged, with(keys)), fails("jws_signature_invalid"));
  const std::string unknown = token_with_header(R"({"alg":"HS256","kid":"c"})", "{}", b);
  EXPECT_THAT(verify_compact(unknown, with(keys)), fails("jws_kid_unknown"));
  const std::string empty = token_with_header(R"({"alg":"HS256","kid":""})", "{}", b);
  EXPECT_THAT(verify_compact(empty, with(keys)), fails("jws_kid_unknown"));
}

TEST(Jws, a_key_without_a_kid_stands_for_every_kid_only_where_that_is_said) {
  const KeyPtr named = test::key(test::symmetric(32, 1).with_kid("a"));
  const KeyPtr nameless = test::key(test::symmetric(32, 2));
  const std::vector<KeyPtr> keys = {named, nameless};
  const std::string token = token_with_header(R"({"alg":"HS256","kid":"b"})", "{}", nameless);
  VerifyOptions options = with(keys);
  EXPECT_THAT(verify_compact(token, options), fails("jws_kid_unknown"));
  options.kid_matching = KidMatching::kIfKeyHasOne;
  const auto verified = verify_compact(token, options);
  ASSERT_THAT(verified, is_ok());
  EXPECT_EQ(verified->key, nameless);
  EXPECT_EQ(verified->header.kid, "b");
  const std::string of_another = token_with_header(R"({"alg":"HS256","kid":"b"})", "{}", named);
  EXPECT_THAT(verify_compact(of_another, options), fails("jws_signature_invalid"))
      << "a key with a kid of its own answers to that one alone";
}

TEST(Jws, tries_every_key_where_there_is_no_kid_and_tells_the_most) {
  const KeyPtr a = test::key(test::symmetric(32, 1));
  const KeyPtr b = test::key(test::symmetric(32, 2));
  const KeyPtr weak = test::key(test::symmetric(16, 3));
  const std::vector<KeyPtr> keys = {test::rsa_key(), weak, a, b};
  const std::string by_b = token_with_header(R"({"alg":"HS256"})", "{}", b);
  const auto verified = verify_compact(by_b, with(keys));
  ASSERT_THAT(verified, is_ok());
  EXPECT_EQ(verified->key, b);
  const auto among = [&](std::vector<KeyPtr> some) { return verify_compact(by_b, with(some)); };
  EXPECT_THAT(among({a, weak, test::rsa_key()}), fails("jws_signature_invalid"));
  EXPECT_THAT(among({test::rsa_key(), weak}), fails("jws_key_too_short"));
  EXPECT_THAT(among({test::rsa_key()}), fails("jws_alg_not_allowed"));
  EXPECT_THAT(among({}), fails("jws_no_key"));
}

TEST(Jws, sec_074_caller_decides_which_algorithms_are_accepted) {
  const std::vector<KeyPtr> keys = {test::rsa_key()};
  const auto ps = test::must(sign_compact(test::rsa_key(), JwsAlg::kPs256, as_bytes("{}")));
  const JwsAlg only_rs[] = {JwsAlg::kRs256, JwsAlg::kEs256};
  EXPECT_THAT(verify_compact(ps, with(keys, only_rs)), fails("jws_alg_not_allowed"));
  EXPECT_THAT(verify_compact(ps, with(keys)), is_ok());
}

TEST(Jws, verifies_a_detached_payload) {
  const std::string whole = token_with_header(R"({"alg":"HS256"})", "content");
  const std::size_t first = whole.find('.'), second = whole.rfind('.');
  const std::string detached = whole.substr(0, first + 1) + whole.substr(second);
  const auto verified = verify_detached(detached, as_bytes("content"), with(kJwsKeys));
  ASSERT_THAT(verified, is_ok());
  EXPECT_EQ(as_text(verified->payload), "content");
  EXPECT_THAT(verify_detached(detached, as_bytes("other"), with(kJwsKeys)),
              fails("jws_signature_invalid"));
  EXPECT_THAT(verify_detached(whole, as_bytes("content"), with(kJwsKeys)),
              fails("jws_not_compact"));
  EXPECT_THAT(verify_compact(detached, with(kJwsKeys)), fails("jws_signature_invalid"));
}

TEST(Jws, verifies_the_unencoded_payload_that_rfc7797_prints) {
  const std::string_view header = "eyJhbGciOiJIUzI1NiIsImI2NCI6ZmFsc2UsImNyaXQiOlsiYjY0Il19";
  const std::string_view signature = "A5dxf2s96_n5FLueVuW1Z_vh161FwXZC4YLPff6dmDY";
  const std::string detached = std::string(header) + ".." + std::string(signature);
  const auto verified = verify_detached(detached, as_bytes("$.02"), with(kJwsKeys));
  ASSERT_THAT(verified, is_ok());
  EXPECT_EQ(as_text(verified->payload), "$.02");
  EXPECT_THAT(verify_detached(detached, as_bytes("$.03"), with(kJwsKeys)),
              fails("jws_signature_invalid"));
  const std::string flattened = R"({"protected":")" + std::string(header) +
                                R"(","payload":"$.02","signature":")" + std::string(signature) +
                                "\"}";
  EXPECT_THAT(verify_json(flattened, with(kJwsKeys)), is_ok());
}

TEST(Jws, signer_writes_the_header_once_and_appends_to_what_is_there) {
  json::Object extra;
  extra.set("typ", "at+jwt");
  const KeyPtr signer_key = test::key(test::symmetric(32).with_kid("k"));
  const auto signer = test::must(CompactSigner::make(signer_key, JwsAlg::kHs256, extra));
  EXPECT_EQ(signer.encoded_header(), encoded(R"({"alg":"HS256","kid":"k","typ":"at+jwt"})"));
  std::string out = "Bearer ";
  ASSERT_THAT(signer.append(out, as_bytes("{}")), is_ok());
  ASSERT_TRUE(out.starts_with("Bearer eyJ"));
  const std::vector<KeyPtr> keys = {signer_key};
  const auto verified = verify_compact(out.substr(7), with(keys));
  ASSERT_THAT(verified, is_ok());
  EXPECT_EQ(verified->header.typ, "at+jwt");
  EXPECT_EQ(as_text(verified->payload), "{}");

  std::string in_two_steps;
  signer.append_signing_input(in_two_steps, as_bytes("{}"));
  Bytes signature(32);
  ASSERT_THAT(signer_key->sign(JwsAlg::kHs256, as_bytes(in_two_steps), signature.data()), is_ok());
  CompactSigner::finish(in_two_steps, signature);
  EXPECT_EQ("Bearer " + in_two_steps, out);
}

TEST(Jws, signer_refuses_wrong_keys_and_reserved_members) {
  const auto make = [](const KeyPtr& key, JwsAlg alg, const char* extra) {
    return CompactSigner::make(key, alg, test::object(extra));
  };
  EXPECT_THAT(make(test::rsa_key(), JwsAlg::kHs256, "{}"), fails("jws_alg_not_allowed"));
  EXPECT_THAT(make(nullptr, JwsAlg::kHs256, "{}"), fails("jws_no_key"));
  EXPECT_THAT(make(test::key(test::symmetric(31)), JwsAlg::kHs256, "{}"),
              fails("jws_key_too_short"));
  for (const char* extra : {R"({"alg":"none"})", R"({"b64":false})", R"({"crit":["x"]})",
                            R"({"kid":1})", R"({"typ":1})"}) {
    EXPECT_THAT(make(hmac_key(), JwsAlg::kHs256, extra), fails("jws_header_malformed")) << extra;
  }
  const KeyPtr remote = Key::remote(test::public_half(test::jwk(test::kRfc7515A2Key)), {});
  const auto signer = test::must(CompactSigner::make(remote, JwsAlg::kRs256, {}));
  std::string out = "before";
  EXPECT_THAT(signer.append(out, as_bytes("{}")), fails("key_is_remote"));
  EXPECT_EQ(out, "before");
}

TEST(Jws, every_changed_byte_is_noticed) {
  const std::string good = token_with_header(R"({"alg":"HS256"})", R"({"sub":"alice"})");
  for (std::size_t i = 0; i < good.size(); ++i) {
    std::string bad = good;
    bad[i] = bad[i] == 'A' ? 'B' : 'A';
    EXPECT_FALSE(verify_compact(bad, with(kJwsKeys)).ok()) << i;
    EXPECT_FALSE(verify_compact(good.substr(0, i), with(kJwsKeys)).ok()) << i;
  }
}

}  // namespace
}  // namespace signet::jose
