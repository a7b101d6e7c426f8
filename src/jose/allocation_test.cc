// The hot paths ask for no memory of our own once they are warm. The C library's allocations (and
// so OpenSSL's) are not counted; what operator new gives out on this thread is.
#include "jose/algorithm_info.h"
#include "jose/encryptor.h"
#include "jose/jose_test_support.h"
#include "support/counted_new.h"

namespace signet::jose {
namespace {

using signet::test::allocations;
using test::is_ok;

TEST(Allocation, signing_and_appending_take_no_memory_once_warm) {
  const std::string payload(500, 'p');
  for (const auto& [key, alg] :
       {std::pair(test::hmac_key(), JwsAlg::kHs256), std::pair(test::ec_key(), JwsAlg::kEs256),
        std::pair(test::rsa_key(), JwsAlg::kRs256), std::pair(test::ed_key(), JwsAlg::kEdDsa)}) {
    const auto signer = test::must(CompactSigner::make(key, alg, {}));
    std::string out;
    out.reserve(4096);
    ASSERT_THAT(signer.append(out, as_bytes(payload)), is_ok());
    out.clear();
    const std::size_t before = allocations;
    const bool done = signer.append(out, as_bytes(payload)).ok();
    EXPECT_EQ(allocations, before) << name(alg);
    EXPECT_TRUE(done);
  }
}

TEST(Allocation, encryption_by_secrets_takes_no_memory_once_warm) {
  SystemRandom random;
  const KeyPtr issuer = test::key(test::symmetric(32, 9));
  for (const JweAlg alg : {JweAlg::kDir, JweAlg::kA128Kw, JweAlg::kA192Kw, JweAlg::kA256Kw}) {
    for (const JweEnc enc : all_jwe_encs()) {
      const std::size_t size = alg == JweAlg::kDir ? key_size(enc) : info(alg).wrap_key_bytes;
      const KeyPtr key = test::key(test::symmetric(size).with_kid("a key of a resource server"));
      for (const KeyPtr& issuer_key : {KeyPtr(), issuer}) {
        const auto encryptor = test::must(Encryptor::make(
            key, {alg, enc, test::object(R"({"typ":"at+jwt","cty":"JWT"})"), false, issuer_key}));
        for (const std::size_t plain_size : {500u, 4096u}) {
          const Bytes plain(plain_size);
          std::string out;
          out.reserve(8192);
          ASSERT_THAT(encryptor.append(out, plain, random), is_ok());
          out.clear();
          const std::size_t before = allocations;
          const bool done = encryptor.append(out, plain, random).ok();
          EXPECT_EQ(allocations, before) << name(alg) << ' ' << name(enc) << ' ' << plain_size;
          EXPECT_TRUE(done);
        }
      }
    }
  }
}

}  // namespace
}  // namespace signet::jose
