// The set jose-attacks: forged and odd tokens, judged by an access-token verifier under the keys,
// the issuer, the audience and the clock at the top of its file.
#include <filesystem>
#include <map>

#include "jose/inflate.h"
#include "jose/jose_test_support.h"
#include "support/vectors.h"

namespace signet::jose {
namespace {

using test::fails;
using test::is_ok;

struct Attacks {
  json::Value document;
  std::vector<KeyPtr> verify_keys, decrypt_keys;
  ClaimRules rules;

  explicit Attacks(const std::filesystem::path& folder)
      : document(test::must(json::parse(signet::test::read_file(folder / "tokens.json"),
                                        {.max_bytes = 8 << 20, .max_depth = 32}))) {
    verify_keys = local_keys(test::must(JwkSet::parse(json::dump(*document.get("verifyJwks")))));
    decrypt_keys = local_keys(test::must(JwkSet::parse(json::dump(*document.get("decryptJwks")))));
    rules.now = from_unix_seconds(*document.get("now")->if_int());
    rules.skew = Seconds(*document.get("leewaySeconds")->if_int());
    rules.issuer = *document.get("issuer")->if_string();
    rules.audience_any_of = {*document.get("audience")->if_string()};
    rules.typ_any_of = {"at+jwt"};
  }

  const json::Array& tokens() const { return *document.get("tokens")->if_array(); }

  /// Signed tokens and encrypted ones: five parts mean that the second is meant.
  Status judge(std::string_view token, bool allow_deflate) const {
    DecryptOptions decrypt = test::decrypt_with(decrypt_keys);
    decrypt.allow_deflate = allow_deflate;
    const VerifyOptions verify = test::with(verify_keys);
    const auto result = std::count(token.begin(), token.end(), '.') == 4
                            ? verify_nested_jwt(token, decrypt, verify, rules)
                            : verify_jwt(token, verify, rules);
    if (!result.ok()) return result.error();
    return Done{};
  }
};

std::string token_of(const json::Value& one) {
  if (const json::Value* token = one.get("token")) return *token->if_string();
  const Bytes packed =
      test::must(base64::url_decode(*one.get("tokenRawDeflateBase64url")->if_string()));
  const auto length = static_cast<std::size_t>(*one.get("tokenLength")->if_int());
  return to_text(test::must(inflate_raw(packed, length, SIZE_MAX / 4)).view());
}

TEST(JoseAttacks, sec_074_every_forged_token_gets_its_verdict) {
  SIGNET_VECTORS_OR_SKIP(folder, "jose-attacks");
  const Attacks attacks(folder);
  int rejected = 0, accepted = 0, either = 0;
  for (const json::Value& one : attacks.tokens()) {
    const std::string id = *one.get("id")->if_string();
    const std::string expect = *one.get("expect")->if_string();
    const std::string token = token_of(one);
    const Status plain = attacks.judge(token, false);
    const Status inflating = attacks.judge(token, true);
    if (expect == "accept") {
      EXPECT_THAT(plain, is_ok()) << id;
      EXPECT_THAT(inflating, is_ok()) << id;
      ++accepted;
    } else if (expect == "reject") {
      EXPECT_FALSE(plain.ok()) << id;
      EXPECT_FALSE(inflating.ok()) << id;
      ++rejected;
    } else {
      EXPECT_THAT(plain, fails("jwe_zip_not_allowed")) << id;
      EXPECT_THAT(inflating, is_ok()) << id;
      ++either;
    }
  }
  EXPECT_EQ(accepted, 5);
  EXPECT_EQ(either, 1);
  EXPECT_EQ(rejected + accepted + either, 131);
}

TEST(JoseAttacks, refusals_say_what_is_wrong) {
  SIGNET_VECTORS_OR_SKIP(folder, "jose-attacks");
  const Attacks attacks(folder);
  const std::map<std::string, std::string_view> kReasons = {
      {"alg-none-\"none\"", "jws_alg_none"},
      {"alg-confusion-hs256-spki-der", "jws_alg_not_allowed"},
      {"alg-mismatch-ps256-on-rs256-key", "jws_alg_not_allowed"},
      {"embedded-jwk", "jws_signature_invalid"},
      {"kid-sql", "jws_kid_unknown"},
      {"kid-object", "jws_header_malformed"},
      {"kid-1MB", "jws_too_large"},
      {"crit-unknown", "jws_crit_unknown"},
      {"crit-b64-false", "jws_signature_invalid"},  // signed as if b64 were true
      {"dup-sub", "json_duplicate_member"},
      {"typ-JWT", "jwt_typ"},
      {"claim-exp-huge", "jwt_claims_malformed"},
      {"claim-iss-slash", "jwt_issuer"},
      {"claim-aud-substring", "jwt_audience"},
      {"claim-iat-future", "jwt_issued_in_future"},
      {"form-padding-sig", "base64url_invalid"},
      {"form-only-dots-100k", "jws_too_large"},
      {"jwe-rsa1_5", "jwe_alg_not_allowed"},
      {"jwe-tag-4", "jwe_decrypt_failed"},
      {"jwe-cbc-empty-ciphertext", "jwe_decrypt_failed"},
      // Refused before a single iteration, so well within the 20 ms that the set asks for.
      {"jwe-p2c-2147483647", "jwe_alg_not_allowed"},
      {"jwe-epk-off-curve", "jwe_epk_invalid"},
      {"jwe-epk-x25519-zero", "jwe_epk_invalid"},
      {"jwe-apu-1MB", "jwe_too_large"},
      {"jwe-inner-claims-only", "jwt_not_nested"}};
  std::size_t seen = 0;
  for (const json::Value& one : attacks.tokens()) {
    const auto row = kReasons.find(*one.get("id")->if_string());
    if (row == kReasons.end()) continue;
    const Status status = attacks.judge(token_of(one), false);
    EXPECT_THAT(status, fails(row->second)) << row->first;
    ++seen;
  }
  EXPECT_EQ(seen, kReasons.size());
}

TEST(JoseAttacks, sec_078_bomb_is_refused_even_where_its_size_would_pass) {
  SIGNET_VECTORS_OR_SKIP(folder, "jose-attacks");
  const Attacks attacks(folder);
  int bombs = 0;
  for (const json::Value& one : attacks.tokens()) {
    if (!one.get("bomb")) continue;
    ++bombs;
    const std::string token = token_of(one);
    DecryptOptions options = test::decrypt_with(attacks.decrypt_keys);
    EXPECT_FALSE(decrypt_compact(token, options).ok());
    options.limits.max_token = 1 << 20;
    EXPECT_THAT(decrypt_compact(token, options), fails("jwe_zip_not_allowed"));
    options.allow_deflate = true;
    EXPECT_THAT(decrypt_compact(token, options), fails("jwe_inflate_limit"));
  }
  EXPECT_EQ(bombs, 1);
}

}  // namespace
}  // namespace signet::jose
