#include "cli/test_cli.h"

namespace signet::cli {
namespace {

using test::Cli;
using test::kEcKey;
using test::kHmacToken;
using testing::HasSubstr;
using testing::Not;

TEST_F(Cli, token_decode_shows_and_says_that_it_proves_nothing) {
  EXPECT_EQ(run({"token", "decode"}, kHmacToken), 0);
  EXPECT_THAT(output, HasSubstr("\"verified\": false"));
  EXPECT_THAT(errors, HasSubstr("Not verified"));
  EXPECT_EQ(run({"token", "decode"}, "a.b"), 1);
  EXPECT_EQ(run({"token", "decode"}, "!.e30.x"), 1);
}

TEST_F(Cli, token_verify_takes_pem_for_a_token_that_names_a_kid) {
  ASSERT_EQ(
      run({"jose", "sign", "--key", file("key.json", kEcKey), "--kid", "one", "--alg", "ES256"},
          R"({"iss":"https://a","aud":"api","exp":1700000600})"),
      0)
      << errors;
  const std::string token = output;
  EXPECT_EQ(run({"token", "verify", "--jwks", file("pub.pem", test::kEcPem)}, token), 0) << errors;
  EXPECT_THAT(output, HasSubstr("\"verified\": true"));
  std::string named = kEcKey;
  named.insert(1, R"("kid":"two",)");
  EXPECT_EQ(run({"token", "verify", "--jwks", file("named.json", named)}, token), 1);
  EXPECT_THAT(errors, HasSubstr("jws_kid_unknown"));
  EXPECT_EQ(run({"token", "verify", "--jwks", "-"}, token), 2);
  EXPECT_THAT(errors, HasSubstr("standard input is the token"));
}

TEST_F(Cli, token_verify_checks_signature_times_and_issuer) {
  const std::string key = file("key.json", kEcKey);
  ASSERT_EQ(run({"jose", "sign", "--key", key, "--alg", "ES256"},
                R"({"iss":"https://a","aud":"api","exp":1700000600})"),
            0);
  const std::string token = output;
  EXPECT_EQ(
      run({"token", "verify", "--jwks", key, "--issuer", "https://a", "--audience", "api"}, token),
      0)
      << errors;
  EXPECT_THAT(output, HasSubstr("\"verified\": true"));
  EXPECT_EQ(run({"token", "verify", "--jwks", key, "--issuer", "https://b"}, token), 1);
  EXPECT_THAT(errors, HasSubstr("jwt_issuer"));
  EXPECT_EQ(run({"token", "verify", "--jwks", key, "--audience", "other"}, token), 1);
  clock->advance(Seconds(3600));
  EXPECT_EQ(run({"token", "verify", "--jwks", key}, token), 1);
  EXPECT_THAT(errors, HasSubstr("jwt_expired"));
  EXPECT_EQ(run({"token", "verify", "--jwks", "http://10.0.0.1/jwks"}, token), 1);
  EXPECT_THAT(errors, HasSubstr("unsafe_plain_http"));
}

}  // namespace
}  // namespace signet::cli
