// What RFC 7515 appendix A and RFC 8037 appendix A print.
#include "jose/jose_test_support.h"

namespace signet::jose {
namespace {

using test::fails;
using test::is_ok;
using test::with;

constexpr std::string_view kClaims =
    "{\"iss\":\"joe\",\r\n \"exp\":1300819380,\r\n \"http://example.com/is_root\":true}";

Result<VerifiedJws> verify_with(std::string_view token, std::string_view key_text) {
  const std::vector<KeyPtr> keys = {test::key(test::jwk(key_text))};
  return verify_compact(token, with(keys));
}

TEST(Rfc7515Examples, verify_with_their_keys) {
  const struct {
    std::string_view token, key, payload;
    JwsAlg alg;
  } kRows[] = {
      {test::kRfc7515A1Token, test::kRfc7515A1Key, kClaims, JwsAlg::kHs256},
      {test::kRfc7515A2Token, test::kRfc7515A2Key, kClaims, JwsAlg::kRs256},
      {test::kRfc7515A3Token, test::kRfc7515A3Key, kClaims, JwsAlg::kEs256},
      {test::kRfc7515A4Token, test::kRfc7515A4Key, "Payload", JwsAlg::kEs512},
      {test::kRfc8037Token, test::kRfc8037Key, "Example of Ed25519 signing", JwsAlg::kEdDsa}};
  for (const auto& row : kRows) {
    const auto verified = verify_with(row.token, row.key);
    ASSERT_THAT(verified, is_ok()) << name(row.alg);
    EXPECT_EQ(verified->header.alg, row.alg);
    EXPECT_EQ(as_text(verified->payload), row.payload);
  }
}

TEST(Rfc7515Examples, unsecured_example_is_refused) {
  EXPECT_THAT(verify_with(test::kRfc7515A5Token, test::kRfc7515A1Key), fails("jws_alg_none"));
}

TEST(Rfc7515Examples, json_examples_verify_with_either_key) {
  const std::vector<KeyPtr> rsa = {
      test::key(test::jwk(test::kRfc7515A2Key).with_kid("2010-12-29"))};
  const std::vector<KeyPtr> ec = {
      test::key(test::jwk(test::kRfc7515A3Key).with_kid("e9bc097a-ce51-4036-9562-d2ade882db0d"))};
  for (const auto& keys : {rsa, ec}) {
    const auto verified = verify_json(test::kRfc7515A6General, with(keys));
    ASSERT_THAT(verified, is_ok());
    EXPECT_EQ(as_text(verified->payload), kClaims);
  }
  EXPECT_THAT(verify_json(test::kRfc7515A7Flattened, with(ec)), is_ok());
  EXPECT_THAT(verify_json(test::kRfc7515A7Flattened, with(rsa)), fails("jws_kid_unknown"));
}

TEST(Rfc7515Examples, keys_as_printed_verify_json_examples_only_where_a_key_needs_no_kid) {
  const std::vector<KeyPtr> rsa = {test::key(test::jwk(test::kRfc7515A2Key))};
  const std::vector<KeyPtr> ec = {test::key(test::jwk(test::kRfc7515A3Key))};
  for (const auto& keys : {rsa, ec}) {
    VerifyOptions options = with(keys);
    EXPECT_THAT(verify_json(test::kRfc7515A6General, options), fails("jws_kid_unknown"));
    options.kid_matching = KidMatching::kIfKeyHasOne;
    EXPECT_THAT(verify_json(test::kRfc7515A6General, options), is_ok());
  }
  VerifyOptions options = with(ec);
  options.kid_matching = KidMatching::kIfKeyHasOne;
  EXPECT_THAT(verify_json(test::kRfc7515A7Flattened, options), is_ok());
}

TEST(Rfc7515Examples, a_2_is_signed_by_its_key_of_n_e_and_d_alone) {
  json::Object only_d = test::object(test::kRfc7515A2Key);
  for (const char* name : {"p", "q", "dp", "dq", "qi"})
    only_d.erase(name);
  const KeyPtr key = test::key(test::must(Jwk::parse(only_d)));
  const std::string token = test::must(sign_compact(key, JwsAlg::kRs256, as_bytes(kClaims)));
  EXPECT_EQ(
      token.substr(token.rfind('.')),
      std::string(test::kRfc7515A2Token).substr(std::string(test::kRfc7515A2Token).rfind('.')));
  EXPECT_THAT(verify_with(token, test::kRfc7515A2Key), is_ok());
}

TEST(Rfc7515Examples, deterministic_signatures_come_out_as_printed) {
  EXPECT_EQ(test::token_with_header("{\"typ\":\"JWT\",\r\n \"alg\":\"HS256\"}", kClaims),
            test::kRfc7515A1Token);
  EXPECT_EQ(test::must(sign_compact(test::rsa_key(), JwsAlg::kRs256, as_bytes(kClaims))),
            test::kRfc7515A2Token);
  EXPECT_EQ(test::must(sign_compact(test::ed_key(), JwsAlg::kEdDsa,
                                    as_bytes("Example of Ed25519 signing"))),
            test::kRfc8037Token);
}

}  // namespace
}  // namespace signet::jose
