#include "jose/jose_test_support.h"

namespace signet::jose {
namespace {

using test::allowing_all;
using test::encoded;
using test::fails;
using test::fitting;

TEST(Jwe, sec_090_pbes2_iterations_and_salt_are_bounded_before_any_work) {
  const std::vector<KeyPtr> keys = {fitting(JweAlg::kPbes2Hs256A128Kw, JweEnc::kA128Gcm)};
  const auto attempt = [&](const std::string& rest) {
    const std::string header = R"({"alg":"PBES2-HS256+A128KW","enc":"A128GCM",)" + rest + "}";
    return decrypt_compact(encoded(header) + ".AAAA.AAAAAAAAAAAAAAAA.AA.AAAAAAAAAAAAAAAAAAAAAA",
                           allowing_all(keys));
  };
  const std::string salt = R"("p2s":"AAAAAAAAAAAAAAAA","p2c":)";
  for (const char* count : {"999", "600001", "2147483647", "9223372036854775807", "0", "-1"}) {
    EXPECT_THAT(attempt(salt + count), fails("jwe_pbes2_iterations")) << count;
  }
  for (const char* count : {"\"4096\"", "4096.5", "null", "[]"}) {
    EXPECT_THAT(attempt(salt + count), fails("jwe_header_malformed")) << count;
  }
  EXPECT_THAT(attempt(R"("p2c":4096)"), fails("jwe_header_malformed"));
  EXPECT_THAT(attempt(R"("p2s":"AAAAAAAAAA","p2c":4096)"), fails("jwe_header_malformed"));
  EXPECT_THAT(attempt(salt + "1000"), fails("jwe_decrypt_failed"));
}

TEST(Jwe, pbes2_takes_no_more_iterations_than_others_open) {
  EncryptOptions options{};
  options.alg = JweAlg::kPbes2Hs256A128Kw;
  options.enc = JweEnc::kA128Gcm;
  SystemRandom random;
  const auto token = test::must(
      encrypt_compact(fitting(options.alg, options.enc), as_bytes("x"), options, random));
  const auto header = test::must(base64::url_decode(token.substr(0, token.find('.'))));
  const auto count = test::must(json::parse_object(as_text(header))).find("p2c")->if_int();
  EXPECT_EQ(count, std::int64_t{kPbes2Iterations});
  EXPECT_LE(count, 300'000) << "joserfc's limit";
}

}  // namespace
}  // namespace signet::jose
