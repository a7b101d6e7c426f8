#include "jose/algorithms.h"

#include "jose/algorithm_info.h"
#include "support/matchers.h"

namespace signet::jose {
namespace {

TEST(Algorithms, have_their_registered_names_both_ways) {
  for (const JwsAlg alg : all_jws_algs())
    EXPECT_EQ(parse_jws_alg(name(alg)), alg);
  for (const JweAlg alg : all_jwe_algs())
    EXPECT_EQ(parse_jwe_alg(name(alg)), alg);
  for (const JweEnc enc : all_jwe_encs())
    EXPECT_EQ(parse_jwe_enc(name(enc)), enc);
  EXPECT_EQ(all_jws_algs().size(), 13u);
  EXPECT_EQ(all_jwe_algs().size(), 17u);
  EXPECT_EQ(all_jwe_encs().size(), 6u);
  EXPECT_EQ(name(JwsAlg::kEdDsa), "EdDSA");
  EXPECT_EQ(name(JweAlg::kPbes2Hs512A256Kw), "PBES2-HS512+A256KW");
  EXPECT_EQ(name(JweEnc::kA256Gcm), "A256GCM");
}

TEST(Algorithms, sec_075_know_no_none_and_no_weak_ones) {
  for (const char* weak : {"none", "None", "NONE", "", "RS1", "HS1", "ES256K", "ES224", "hs256",
                           "HS256 ", "RSA-OAEP-512"}) {
    EXPECT_EQ(parse_jws_alg(weak), std::nullopt) << weak;
    EXPECT_EQ(parse_jwe_alg(weak), std::nullopt) << weak;
    EXPECT_EQ(parse_jwe_enc(weak), std::nullopt) << weak;
  }
}

TEST(Algorithms, content_keys_have_the_sizes_of_rfc7518) {
  EXPECT_EQ(key_size(JweEnc::kA128CbcHs256), 32u);
  EXPECT_EQ(key_size(JweEnc::kA192CbcHs384), 48u);
  EXPECT_EQ(key_size(JweEnc::kA256CbcHs512), 64u);
  EXPECT_EQ(key_size(JweEnc::kA128Gcm), 16u);
  EXPECT_EQ(info(JweEnc::kA192CbcHs384).tag_bytes(), 24u);
  EXPECT_EQ(info(JweEnc::kA256Gcm).iv_bytes(), 12u);
  EXPECT_EQ(mac_hash(JwsAlg::kHs384), crypto::Hash::kSha384);
  EXPECT_EQ(signature_scheme(JwsAlg::kPs512), crypto::Signature::kPs512);
}

}  // namespace
}  // namespace signet::jose
