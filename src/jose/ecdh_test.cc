#include "jose/ecdh.h"

#include "jose/jose_test_support.h"

namespace signet::jose {
namespace {

using test::decrypt_with;
using test::encoded;
using test::encryption;
using test::fails;
using test::is_ok;

TEST(Jwe, sec_077_refuses_ephemeral_keys_that_are_no_points_of_the_curve) {
  const std::vector<KeyPtr> keys = {test::key(test::generated(crypto::KeyKind::kEcP256)),
                                    test::key(test::generated(crypto::KeyKind::kX25519))};
  const std::string zero(43, 'A'), some = "MKBCTNIcKUSDii11ySs3526iDZ8AiTo7Tu6KPAqv7D4";
  const auto attempt = [&](const std::string& epk) {
    const std::string header = R"({"alg":"ECDH-ES","enc":"A256GCM","epk":)" + epk + "}";
    return decrypt_compact(encoded(header) + "..AAAAAAAAAAAAAAAA.AA.AAAAAAAAAAAAAAAAAAAAAA",
                           decrypt_with(keys));
  };
  for (const std::string& epk :
       {std::string("{}"),
        R"({"kty":"EC","crv":"P-256","x":")" + some + R"(","y":")" + some + "\"}",
        R"({"kty":"EC","crv":"P-256","x":")" + zero + R"(","y":")" + zero + "\"}",
        std::string(R"({"kty":"EC","crv":"P-256","x":"AQ","y":"AQ"})"),
        R"({"kty":"OKP","crv":"X25519","x":")" + zero + "\"}",
        std::string(R"({"kty":"oct","k":"AAAA"})"), std::string(test::kRfc7515A3Key),
        std::string(test::kRfc7638Key)}) {
    EXPECT_THAT(attempt(epk), fails("jwe_epk_invalid")) << epk;
  }
  EXPECT_THAT(attempt("1"), fails("jwe_header_malformed"));
}

TEST(Jwe, sec_093_concat_kdf_gives_what_rfc7518_appendix_c_prints) {
  const Jwk alice =
      test::jwk(R"({"kty":"EC","crv":"P-256","x":"gI0GAILBdu7T53akrFmMyGcsF3n5dO7MmwNBHKW5SV0",)"
                R"("y":"SLW_xSffzlPWrHEVI30DHM_4egVwt3NQqeUD7nMFpps",)"
                R"("d":"0_NxaRPUMQoAJt50Gz8YiTr8gRTwyEaCumd-MToTmIo"})");
  const Jwk bob =
      test::jwk(R"({"kty":"EC","crv":"P-256","x":"weNJy2HscCSM6AEDTDg04biOvhFhyyWvOHQfeF_PxMQ",)"
                R"("y":"e8lnCO-AlStT-NJVX-crhB7QRYhiix03illJOVAOyck",)"
                R"("d":"VEmDZpDXXK8p8N0Cndsxs924q6nS1RXFASRl6BfUqdw"})");
  const auto z = test::must(crypto::agree(*bob.private_key(), *alice.public_key()));
  const SecretBytes derived = derive_from_agreement(z.view(), JweAlg::kEcdhEs, JweEnc::kA128Gcm,
                                                    as_bytes("Alice"), as_bytes("Bob"));
  EXPECT_EQ(base64::url_encode(derived.view()), "VqqN6vgjbSBcIijNcacQGg");
}

TEST(Jwe, sec_093_party_information_is_bounded) {
  const std::vector<KeyPtr> keys = {test::key(test::generated(crypto::KeyKind::kEcP256))};
  EncryptOptions options = encryption(JweAlg::kEcdhEs, JweEnc::kA128Gcm);
  SystemRandom random;
  options.apu = Bytes(1 << 20, 'a');
  const auto sealed = encrypt_compact(keys[0], as_bytes("x"), options, random);
  ASSERT_THAT(sealed, is_ok());
  EXPECT_THAT(decrypt_compact(*sealed, decrypt_with(keys)), fails("jwe_too_large"));
  const std::string header =
      R"({"alg":"ECDH-ES","enc":"A128GCM","apu":")" + std::string(1 << 20, 'A') + "\"}";
  EXPECT_THAT(decrypt_compact(encoded(header) + "..AAAAAAAAAAAAAAAA.AA.AAAAAAAAAAAAAAAAAAAAAA",
                              decrypt_with(keys)),
              fails("jwe_too_large"));
}

}  // namespace
}  // namespace signet::jose
