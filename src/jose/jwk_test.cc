#include "jose/jwk.h"

#include "jose/jose_test_support.h"

namespace signet::jose {
namespace {

using test::fails;
using test::is_ok;
using test::jwk;
using test::object;

/// The example key with one member replaced by JSON text, or erased where that is empty.
json::Object changed(std::string_view base, std::string_view name, std::string_view value) {
  json::Object out = object(base);
  if (value.empty()) {
    out.erase(name);
  } else {
    out.set(name, test::must(json::parse(value)));
  }
  return out;
}

TEST(Jwk, refuses_a_point_off_the_curve) {
  const auto broken =
      changed(test::kRfc7515A3Key, "x", R"("f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEA")");
  EXPECT_FALSE(Jwk::parse(broken).ok());
  json::Object only_public = broken;
  only_public.erase("d");
  EXPECT_FALSE(Jwk::parse(only_public).ok());
}

TEST(Jwk, refuses_a_private_part_that_belongs_to_another_key) {
  EXPECT_THAT(Jwk::parse(changed(test::kRfc7515A3Key, "d",
                                 R"("AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAE")")),
              fails("key_mismatch"));
  EXPECT_THAT(Jwk::parse(changed(test::kRfc8037Key, "d",
                                 R"("AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAE")")),
              fails("key_mismatch"));
}

TEST(Jwk, refuses_members_of_a_wrong_type_or_form) {
  const struct {
    const char* name;
    const char* value;
  } kRows[] = {{"kty", ""},
               {"kty", "1"},
               {"kid", "{\"a\":1}"},
               {"kid", "1"},
               {"use", "1"},
               {"alg", "[]"},
               {"key_ops", "\"sign\""},
               {"key_ops", "[1]"},
               {"key_ops", "[\"sign\",\"sign\"]"},
               {"x5c", "\"MII\""},
               {"x5c", "[]"},
               {"x5c", "[1]"},
               {"x5u", "1"},
               {"x5t", "\"AA\""},
               {"x5t#S256", "7"},
               {"crv", ""},
               {"crv", "256"},
               {"x", "\"\""},
               {"x", "1"},
               {"y", ""},
               {"x", "\"f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU=\""},
               {"d", "\"AA\""},
               {"d", "false"},
               {"y", "\"AAAA\""}};
  for (const auto& row : kRows) {
    EXPECT_THAT(Jwk::parse(changed(test::kRfc7515A3Key, row.name, row.value)),
                fails("jwk_malformed"))
        << row.name << " " << row.value;
  }
  EXPECT_THAT(Jwk::parse(R"({"kty":"oct","k":""})"), fails("jwk_malformed"));
  EXPECT_THAT(Jwk::parse(R"({"kty":"oct"})"), fails("jwk_malformed"));
  EXPECT_THAT(Jwk::parse(R"({"kty":"oct","k":"AAA+"})"), fails("jwk_malformed"));
  EXPECT_THAT(Jwk::parse(R"({"kty":"oct","k":"AQ","k":"Ag"})"), fails("json_duplicate_member"));
  EXPECT_THAT(Jwk::parse("[]"), fails("json_not_object"));
  // RFC 7518 §2: numbers take no more octets than they need.
  EXPECT_THAT(Jwk::parse(changed(test::kRfc7638Key, "e", R"("AAEAAQ")")), fails("jwk_malformed"));
}

TEST(Jwk, of_rsa_needs_no_more_private_members_than_d) {
  json::Object only_d = object(test::kRfc7515A2Key);
  for (const char* name : {"p", "q", "dp", "dq", "qi"}) {
    json::Object without_one = object(test::kRfc7515A2Key);
    without_one.erase(name);
    EXPECT_THAT(Jwk::parse(without_one), fails("jwk_malformed")) << name;
    only_d.erase(name);
  }
  const auto jwk = Jwk::parse(only_d);
  ASSERT_THAT(jwk, is_ok());
  EXPECT_EQ(jwk->thumbprint(), test::jwk(test::kRfc7515A2Key).thumbprint());
  std::string d = *only_d.find("d")->if_string();
  d[40] = d[40] == 'A' ? 'B' : 'A';
  only_d.set("d", d);
  EXPECT_THAT(Jwk::parse(only_d), fails("key_mismatch"));
}

TEST(Jwk, says_which_kinds_it_does_not_serve) {
  EXPECT_THAT(Jwk::parse(R"({"kty":"AKP"})"), fails("jwk_unsupported"));
  for (const char* crv : {"\"secp256k1\"", "\"P-192\"", "\"P-224\"", "\"X25519\""}) {
    EXPECT_THAT(Jwk::parse(changed(test::kRfc7515A3Key, "crv", crv)), fails("jwk_unsupported"));
  }
  for (const char* crv : {"\"Ed448\"", "\"X448\"", "\"P-256\""}) {
    EXPECT_THAT(Jwk::parse(changed(test::kRfc8037Key, "crv", crv)), fails("jwk_unsupported"));
  }
  EXPECT_THAT(Jwk::parse(changed(test::kRfc7515A2Key, "oth", "[]")), fails("jwk_unsupported"));
  EXPECT_THAT(Jwk::parse(changed(test::kRfc7515A2Key, "qi", "")), fails("jwk_malformed"));
  EXPECT_THAT(Jwk::parse(changed(test::kRfc7515A3Key, "use", "\"tls\"")), fails("jwk_unsupported"));
}

TEST(Jwk, sec_095_refuses_rsa_keys_with_bad_numbers) {
  EXPECT_THAT(Jwk::parse(changed(test::kRfc7638Key, "e", R"("AQ")")), fails("rsa_bad_exponent"));
  EXPECT_THAT(Jwk::parse(changed(test::kRfc7638Key, "e", R"("BA")")), fails("rsa_bad_exponent"));
  EXPECT_THAT(Jwk::parse(changed(test::kRfc7638Key, "n", R"("0123")")), fails("rsa_too_small"));
}

TEST(Jwk, sec_094_refuses_an_alg_or_use_that_contradicts_the_key) {
  const auto with = [](std::string_view base, std::string_view name, std::string_view value) {
    return Jwk::parse(changed(base, name, value));
  };
  EXPECT_THAT(with(test::kRfc7515A3Key, "alg", R"("RS256")"), fails("jwk_alg_mismatch"));
  EXPECT_THAT(with(test::kRfc7515A3Key, "alg", R"("ES384")"), fails("jwk_alg_mismatch"));
  EXPECT_THAT(with(test::kRfc7515A3Key, "alg", R"("HS256")"), fails("jwk_alg_mismatch"));
  EXPECT_THAT(with(test::kRfc7638Key, "alg", R"("ECDH-ES")"), fails("jwk_alg_mismatch"));
  EXPECT_THAT(with(test::kRfc7515A1Key, "alg", R"("A128KW")"), fails("jwk_alg_mismatch"));
  EXPECT_THAT(with(test::kRfc7515A1Key, "alg", R"("A128GCM")"), fails("jwk_alg_mismatch"));
  EXPECT_THAT(with(test::kRfc8037Key, "alg", R"("EdDSA")"), is_ok());

  json::Object sig_for_encryption = changed(test::kRfc7638Key, "alg", R"("RSA-OAEP")");
  sig_for_encryption.set("use", "sig");
  EXPECT_THAT(Jwk::parse(sig_for_encryption), fails("jwk_alg_mismatch"));

  json::Object contradiction = changed(test::kRfc7515A3Key, "use", R"("sig")");
  contradiction.set("key_ops", json::Array{json::Value("deriveKey")});
  EXPECT_THAT(Jwk::parse(contradiction), fails("jwk_contradiction"));
  contradiction.set("use", "enc");
  EXPECT_THAT(Jwk::parse(contradiction), is_ok());
  contradiction.set("key_ops", json::Array{json::Value("verify")});
  EXPECT_THAT(Jwk::parse(contradiction), fails("jwk_contradiction"));
}

TEST(Jwk, takes_a_certificate_chain_only_with_its_own_key) {
  const Jwk certified = jwk(test::kRfc7517BKey);
  ASSERT_EQ(certified.chain().size(), 1u);
  const std::string digest =
      base64::url_encode(certified.chain().front().thumbprint(crypto::Hash::kSha256));
  EXPECT_THAT(Jwk::parse(changed(test::kRfc7517BKey, "x5t#S256", '"' + digest + '"')), is_ok());
  const std::string sha1 =
      base64::url_encode(certified.chain().front().thumbprint(crypto::Hash::kSha1));
  EXPECT_THAT(Jwk::parse(changed(test::kRfc7517BKey, "x5t", '"' + sha1 + '"')), is_ok());

  EXPECT_THAT(Jwk::parse(changed(test::kRfc7517BKey, "x5t#S256",
                                 '"' + base64::url_encode(Bytes(32, 1)) + '"')),
              fails("jwk_x5c_mismatch"));
  EXPECT_THAT(
      Jwk::parse(changed(test::kRfc7517BKey, "x5t", '"' + base64::url_encode(Bytes(20)) + '"')),
      fails("jwk_x5c_mismatch"));
  json::Object stranger = object(test::kRfc7638Key);
  stranger.set("x5c", *object(test::kRfc7517BKey).find("x5c"));
  EXPECT_THAT(Jwk::parse(stranger), fails("jwk_x5c_mismatch"));
  EXPECT_THAT(Jwk::parse(changed(test::kRfc7517BKey, "x5c", R"(["AAAA"])")),
              fails("certificate_malformed"));
  json::Object secret = object(test::kRfc7515A1Key);
  secret.set("x5c", *object(test::kRfc7517BKey).find("x5c"));
  EXPECT_THAT(Jwk::parse(secret), fails("jwk_x5c_mismatch"));
}

TEST(Jwk, sec_099_has_the_thumbprint_that_rfc7638_prints) {
  EXPECT_EQ(jwk(test::kRfc7638Key).thumbprint(), test::kRfc7638Thumbprint);
  EXPECT_EQ(jwk(test::kRfc8037Key).thumbprint(), test::kRfc8037Thumbprint);
  for (const auto text : {test::kRfc7515A1Key, test::kRfc7515A2Key, test::kRfc7515A3Key}) {
    const Jwk original = jwk(text);
    EXPECT_EQ(original.with_kid("other").with_use(KeyUse::kSig).thumbprint(),
              original.thumbprint());
  }
}

TEST(Jwk, writes_what_it_reads) {
  for (const auto text : {test::kRfc7515A1Key, test::kRfc7515A2Key, test::kRfc7515A3Key,
                          test::kRfc7515A4Key, test::kRfc8037Key, test::kRfc7517BKey}) {
    const Jwk original = jwk(text).with_kid("k1");
    const Jwk again = test::must(Jwk::parse(original.private_json()));
    EXPECT_EQ(again.private_json(), original.private_json());
    EXPECT_EQ(again.thumbprint(), original.thumbprint());
    EXPECT_EQ(again.is_private(), original.is_private());
  }
  EXPECT_EQ(jwk(test::kRfc7515A3Key).private_json(), object(test::kRfc7515A3Key));
}

TEST(Jwk, shows_nothing_private_in_its_public_form) {
  EXPECT_THAT(jwk(test::kRfc7515A1Key).public_json(), fails("jwk_symmetric"));
  for (const auto text : {test::kRfc7515A2Key, test::kRfc7515A3Key, test::kRfc8037Key}) {
    const json::Object shown = test::must(jwk(text).with_kid("k").public_json());
    for (const char* name : {"d", "p", "q", "dp", "dq", "qi", "k", "key_ops"}) {
      EXPECT_EQ(shown.find(name), nullptr) << name;
    }
    EXPECT_EQ(*shown.find("kid"), json::Value("k"));
    const Jwk half = test::must(Jwk::parse(shown));
    EXPECT_FALSE(half.is_private());
    EXPECT_EQ(half.thumbprint(), jwk(text).thumbprint());
  }
  const json::Object certified = test::must(jwk(test::kRfc7517BKey).public_json());
  EXPECT_NE(certified.find("x5c"), nullptr);
  EXPECT_NE(certified.find("x5t#S256"), nullptr);
}

TEST(JwkSet, skips_what_it_does_not_know_and_counts_what_is_broken) {
  const std::string set = R"({"keys":[{"kty":"AKP","x":"1"},)" + std::string(test::kRfc7638Key) +
                          R"(,{"kty":"RSA","n":"AQ","e":"AQAB"},{"kty":"EC","crv":"P-256"}]})";
  const auto parsed = JwkSet::parse(set);
  ASSERT_THAT(parsed, is_ok());
  EXPECT_EQ(parsed->keys.size(), 1u);
  EXPECT_EQ(parsed->skipped.size(), 2u);
}

TEST(JwkSet, says_which_key_is_broken_or_weak_and_why) {
  const std::string weak =
      R"({"kty":"RSA","kid":"old","e":"AQAB","n":")" + base64::url_encode(Bytes(128, 0xAB)) + "\"}";
  const auto parsed = JwkSet::parse(R"({"keys":[{"kty":"AKP","kid":"new"},)" + weak +
                                    R"(,{"kty":"EC","crv":"P-256"}]})");
  ASSERT_THAT(parsed, is_ok());
  ASSERT_EQ(parsed->skipped.size(), 2u);
  EXPECT_STREQ(parsed->skipped[0].reason, "rsa_too_small");
  EXPECT_THAT(parsed->skipped[0].detail,
              testing::AllOf(testing::HasSubstr("key 2 of 3"), testing::HasSubstr("old"),
                             testing::HasSubstr("1024 bits")));
  EXPECT_THAT(parsed->skipped[1].detail, testing::StartsWith("key 3 of 3: "));
  ASSERT_EQ(parsed->unsupported.size(), 1u);
  EXPECT_THAT(parsed->unsupported[0].why,
              testing::AllOf(testing::HasSubstr("key 1 of 3"), testing::HasSubstr("new"),
                             testing::HasSubstr("AKP")));
}

TEST(JwkSet, refuses_what_is_no_set) {
  for (const char* bad : {"{}", R"({"keys":{}})", R"({"keys":[1]})", R"({"keys":null})"}) {
    EXPECT_THAT(JwkSet::parse(bad), fails("jwks_malformed")) << bad;
  }
  EXPECT_THAT(JwkSet::parse(R"({"keys":[],"keys":[]})"), fails("json_duplicate_member"));
  std::string many = R"({"keys":[{"kty":"x"})";
  for (int i = 0; i < 256; ++i)
    many += R"(,{"kty":"x"})";
  EXPECT_THAT(JwkSet::parse(many + "]}"), fails("jwks_malformed"));
  EXPECT_THAT(JwkSet::parse(R"({"keys":[]})"), is_ok());
}

TEST(JwkSet, refuses_secrets_beside_public_keys_and_one_kid_for_two_keys) {
  const std::string secret = R"({"kty":"oct","kid":"a","k":"AAECAwQFBgcICQoLDA0ODw"})";
  const std::string other = R"({"kty":"oct","kid":"a","k":"AQECAwQFBgcICQoLDA0ODw"})";
  EXPECT_THAT(JwkSet::parse(R"({"keys":[)" + secret + "," + std::string(test::kRfc7638Key) + "]}"),
              fails("jwks_mixed"));
  EXPECT_THAT(JwkSet::parse(R"({"keys":[)" + secret + "," + other + "]}"),
              fails("jwks_duplicate_kid"));
  EXPECT_THAT(JwkSet::parse(R"({"keys":[)" + secret + "," + secret + "]}"),
              fails("jwks_duplicate_kid"));
  EXPECT_THAT(JwkSet::parse(R"({"keys":[)" + secret + R"(,{"kty":"oct","kid":"a","k":""}]})"),
              fails("jwks_duplicate_kid"));
  const std::string with_alg =
      R"({"kty":"oct","kid":"a","alg":"dir","k":"AAECAwQFBgcICQoLDA0ODw"})";
  EXPECT_THAT(JwkSet::parse(R"({"keys":[)" + secret + "," + with_alg + "]}"), is_ok());
  EXPECT_THAT(
      JwkSet::parse(R"({"keys":[)" + secret + "," + std::string(test::kRfc7515A3Key) + "]}"),
      is_ok());
}

TEST(JwkSet, reads_a_single_key_where_a_person_names_a_file) {
  EXPECT_EQ(test::must(JwkSet::parse_any(test::kRfc7515A3Key)).keys.size(), 1u);
  const std::string set = R"({"keys":[)" + std::string(test::kRfc7515A3Key) + "," +
                          std::string(test::kRfc8037Key) + "]}";
  EXPECT_EQ(test::must(JwkSet::parse_any(set)).keys.size(), 2u);
  EXPECT_THAT(JwkSet::parse_any(R"({"kty":"oct","k":""})"), fails("jwk_malformed"));
  EXPECT_THAT(JwkSet::parse_any(R"({"kty":"RSA","n":"AQ","e":"AQAB"})"), fails("rsa_too_small"));
  EXPECT_THAT(JwkSet::parse_any("nothing"), fails("json_malformed"));
}

}  // namespace
}  // namespace signet::jose
