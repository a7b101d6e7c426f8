#include <gmock/gmock.h>

#include "cli/test_cli.h"

namespace signet::cli {
namespace {

using test::Cli;
using test::kEcKey;
using test::kHmacKey;
using test::kHmacToken;
using testing::HasSubstr;

// RFC 7638 §3.1.
constexpr const char* kRsaPublicKey =
    R"({"kty":"RSA","n":"0vx7agoebGcQSuuPiLJXZptN9nndrQmbXEps2aiAFbWhM78LhWx4cbbfAAtVT86zwu1RK7aPFFxuhDR1L6tSoc_BJECPebWKRXjBZCiFV4n3oknjhMstn64tZ_2W-5JsGY4Hc5n9yBXArwl93lqt7_RN5w6Cf0h4QyQ5v-65YGjQR0_FDW2QvzqY368QQMicAtaSqzs8KJZgnYb9c7d0zgdAZHzu6qMQvRL5hajrn1n91CbOpbISD08qNLyrdkt-bFTWhAI4vMQFh6WeZu0fM4lFd2NcRwr3XPksINHaQ-G_xBniIqbw0Ls1jF44-csFCur-kEgU8awapJzKnqDKgw","e":"AQAB"})";

TEST_F(Cli, jose_verify_prints_the_payload_only_when_it_holds) {
  const std::string key = file("key.json", kHmacKey);
  EXPECT_EQ(run({"jose", "verify", "--key", key}, std::string(kHmacToken) + "\n"), 0) << errors;
  EXPECT_THAT(output, HasSubstr("\"iss\":\"joe\""));
  std::string forged = kHmacToken;
  forged[forged.size() - 5] ^= 1;
  EXPECT_EQ(run({"jose", "verify", "--key", key}, forged), 1);
  EXPECT_EQ(output, "");
  EXPECT_THAT(errors, HasSubstr("jws_signature_invalid"));
  EXPECT_EQ(run({"jose", "verify", "--key", key, "--alg", "HS512"}, kHmacToken), 1);
  EXPECT_EQ(run({"jose", "verify", "--key", key, "--alg", "none"}, kHmacToken), 2);
}

TEST_F(Cli, jose_refuses_input_beyond_its_limit) {
  const std::string key = file("key.json", kHmacKey);
  EXPECT_EQ(run({"jose", "verify", "--key", key}, std::string((16 << 20) + 1, 'a')), 1);
  EXPECT_THAT(errors, HasSubstr("input_too_large"));
}

TEST_F(Cli, jose_signs_and_verifies_every_serialization) {
  const std::string key = file("key.json", kEcKey);
  for (const char* format : {"compact", "flattened", "general"}) {
    EXPECT_EQ(run({"jose", "sign", "--key", key, "--alg", "ES256", "--format", format}, "hello"), 0)
        << errors;
    const std::string token = output;
    EXPECT_EQ(run({"jose", "verify", "--key", key}, token), 0) << format << errors;
    EXPECT_EQ(output, "hello");
  }
  EXPECT_EQ(run({"jose", "sign", "--key", key}, "hello"), 2);
  EXPECT_EQ(run({"jose", "sign", "--key", key, "--alg", "RS256"}, "hello"), 1);
}

TEST_F(Cli, jose_encrypts_and_decrypts_with_what_is_allowed) {
  const std::string key = file("key.json", kEcKey);
  ASSERT_EQ(run({"jose", "encrypt", "--key", key, "--alg", "ECDH-ES+A128KW", "--enc", "A128GCM"},
                "secret"),
            0)
      << errors;
  const std::string token = output;
  EXPECT_EQ(run({"jose", "decrypt", "--key", key}, token), 0) << errors;
  EXPECT_EQ(output, "secret");
  EXPECT_EQ(run({"jose", "decrypt", "--key", key, "--enc", "A256GCM"}, token), 1);
  EXPECT_EQ(run({"jose", "decrypt", "--key", key, "--alg", "ECDH-ES"}, token), 1);
}

TEST_F(Cli, jose_takes_a_key_without_a_kid_for_a_token_that_names_one) {
  const std::string key = file("key.json", kEcKey), pem = file("pub.pem", test::kEcPem);
  ASSERT_EQ(run({"jose", "sign", "--key", key, "--kid", "one", "--alg", "ES256"}, "hello"), 0)
      << errors;
  const std::string token = output;
  ASSERT_EQ(run({"token", "decode"}, token.substr(0, token.find('.')) + ".e30.AA"), 0) << errors;
  EXPECT_THAT(output, HasSubstr("\"kid\": \"one\"")) << "--kid names a lone key that has none";
  for (const std::string& path : {key, pem}) {
    EXPECT_EQ(run({"jose", "verify", "--key", path}, token), 0) << errors;
    EXPECT_EQ(output, "hello");
    EXPECT_EQ(run({"jose", "verify", "--key", path, "--kid", "one"}, token), 0) << errors;
    EXPECT_EQ(run({"jose", "verify", "--key", path, "--kid", "two"}, token), 1);
    EXPECT_THAT(errors, HasSubstr("jws_kid_unknown"));
  }
  ASSERT_EQ(
      run({"jose", "encrypt", "--key", pem, "--kid", "one", "--alg", "ECDH-ES", "--enc", "A128GCM"},
          "secret"),
      0)
      << errors;
  const std::string sealed = output;
  EXPECT_EQ(run({"jose", "decrypt", "--key", key}, sealed), 0) << errors;
  EXPECT_EQ(output, "secret");
  EXPECT_EQ(run({"jose", "decrypt", "--key", key, "--kid", "two"}, sealed), 1);
  EXPECT_THAT(errors, HasSubstr("jwe_kid_unknown"));
}

TEST_F(Cli, jose_kid_neither_renames_a_key_nor_names_one_of_several) {
  std::string named = kEcKey;
  named.insert(1, R"("kid":"one",)");
  const std::string key = file("named.json", named);
  const std::string several = file("several.json", "{\"keys\":[" + named + "," + kHmacKey + "]}");
  for (const std::string& path : {key, several}) {
    EXPECT_EQ(run({"jose", "sign", "--key", path, "--kid", "two", "--alg", "ES256"}, "x"), 1);
    EXPECT_THAT(errors, HasSubstr("key_not_found"));
  }
  ASSERT_EQ(
      run({"jose", "sign", "--key", file("key.json", kEcKey), "--kid", "two", "--alg", "ES256"},
          "x"),
      0)
      << errors;
  const std::string token = output;
  EXPECT_EQ(run({"jose", "verify", "--key", key}, token), 1)
      << "a key with a kid of its own answers to that one alone";
  EXPECT_THAT(errors, HasSubstr("jws_kid_unknown"));
}

TEST_F(Cli, jose_says_that_an_algorithm_is_needed) {
  const std::string key = file("key.json", kEcKey);
  std::string signing = kEcKey;
  signing.insert(1, R"("alg":"ES256",)");
  const std::string signer = file("signer.json", signing);
  EXPECT_EQ(run({"jose", "encrypt", "--key", key, "--enc", "A128GCM"}, "x"), 2);
  EXPECT_THAT(errors, HasSubstr("--alg is needed: the key names none"));
  EXPECT_EQ(run({"jose", "encrypt", "--key", signer, "--enc", "A128GCM"}, "x"), 2);
  EXPECT_THAT(errors, HasSubstr("--alg is needed: the key's own 'ES256' is not one for this"));
  EXPECT_EQ(run({"jose", "encrypt", "--key", key, "--alg", "ES256", "--enc", "A128GCM"}, "x"), 2);
  EXPECT_THAT(errors, HasSubstr("--alg: 'ES256' is not known"));
  EXPECT_EQ(run({"jose", "sign", "--key", signer}, "x"), 0) << errors;
}

TEST_F(Cli, jose_takes_a_password_for_pbes2_only_when_allowed) {
  const std::string password = file("password", "correct horse battery staple\n");
  ASSERT_EQ(run({"jose", "encrypt", "--password-file", password, "--alg", "PBES2-HS256+A128KW",
                 "--enc", "A128GCM"},
                "secret"),
            0)
      << errors;
  const std::string token = output;
  EXPECT_EQ(run({"jose", "decrypt", "--password-file", password}, token), 1);
  EXPECT_EQ(run({"jose", "decrypt", "--password-file", password, "--allow-pbes2"}, token), 0)
      << errors;
  EXPECT_EQ(output, "secret");
}

TEST_F(Cli, jose_takes_a_weak_algorithm_that_the_operator_names) {
  const std::string password = file("password", "correct horse battery staple\n");
  const char* alg = "PBES2-HS256+A128KW";
  ASSERT_EQ(
      run({"jose", "encrypt", "--password-file", password, "--alg", alg, "--enc", "A128GCM"}, "x"),
      0)
      << errors;
  const std::string token = output;
  EXPECT_EQ(run({"jose", "decrypt", "--password-file", password, "--alg", alg}, token), 0)
      << errors;
  EXPECT_EQ(output, "x");
  EXPECT_EQ(
      run({"jose", "decrypt", "--password-file", password, "--alg", "PBES2-HS512+A256KW"}, token),
      1)
      << "one of the family allows none of the others";

  const std::string key = file("rsa.json", kRsaPublicKey);
  EXPECT_EQ(run({"jose", "encrypt", "--key", key, "--alg", "RSA1_5", "--enc", "A128GCM"}, "x"), 0)
      << errors;
  std::string weak = kRsaPublicKey;
  weak.insert(1, R"("alg":"RSA1_5",)");
  const std::string named_by_key = file("weak.json", weak);
  EXPECT_EQ(run({"jose", "encrypt", "--key", named_by_key, "--enc", "A128GCM"}, "x"), 1);
  EXPECT_THAT(errors, HasSubstr("jwe_alg_not_allowed"));
}

TEST_F(Cli, jose_decrypt_inflates_the_token_of_rfc_7520_5_9) {
  const std::string key = file(
      "key.json",
      R"({"kty":"oct","kid":"81b20965-8332-43d9-a468-82160ad91ac8","use":"enc","alg":"A128KW","k":"GZy6sIZ6wl9NJOKB-jnmVQ"})");
  EXPECT_EQ(
      run({"jose", "decrypt", "--key", key},
          "eyJhbGciOiJBMTI4S1ciLCJraWQiOiI4MWIyMDk2NS04MzMyLTQzZDktYTQ2OC04MjE2MGFkOTFhYzgiLCJlbmMi"
          "OiJBMTI4R0NNIiwiemlwIjoiREVGIn0.5vUT2WOtQxKWcekM_IzVQwkGgzlFDwPi.p9pUq6XHY0jfEZIl."
          "HbDtOsdai1oYziSx25KEeTxmwnh8L8jKMFNc1k3zmMI6VB8hry57tDZ61jXyezSPt0fdLVfe6Jf5y5-JaCap_JQB"
          "cb5opbmT60uWGml8blyiMQmOn9J--XhhlYg0m-BHaqfDO5iTOWxPxFMUedx7WCy8mxgDHj0aBMG6152PsM-w5E_o"
          "2B3jDbrYBKhpYA7qi3AyijnCJ7BP9rr3U8kxExCpG3mK420TjOw.VILuUwuIxaLVmh5X-T7kmA"),
      0)
      << errors;
  EXPECT_TRUE(output.starts_with("You can trust us to stick with you")) << output;
}

TEST_F(Cli, jose_thumbprint_is_that_of_rfc_7638) {
  const std::string key = file("key.json", kRsaPublicKey);
  EXPECT_EQ(run({"jose", "thumbprint", "--key", key}), 0) << errors;
  EXPECT_EQ(output, "NzbLsXh8uDCcd-6MNwXF4W_7noWXFZAfHkxZsRGC9Xs\n");
}

}  // namespace
}  // namespace signet::cli
