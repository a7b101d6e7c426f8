// What must never be the same twice. SIGNET_LONG=1 makes a million of each.
#include <algorithm>
#include <unordered_set>

#include "jose/encryptor.h"
#include "jose/jose_test_support.h"
#include "support/tries.h"

namespace signet::jose {
namespace {

using signet::test::tries;
using test::is_ok;

constexpr std::uint64_t kMillion = 1'000'000;

TEST(Freshness, sec_147_no_initialisation_vector_for_gcm_comes_twice_in_a_million_tokens) {
  SystemRandom random;
  const KeyPtr key = test::key(test::symmetric(32));
  const auto encryptor = test::must(Encryptor::make(key, {JweAlg::kDir, JweEnc::kA256Gcm}));
  std::vector<std::array<char, 16>> seen(kMillion);  // 12 bytes as base64url
  std::string token;
  for (auto& iv : seen) {
    token.clear();
    ASSERT_TRUE(encryptor.append(token, as_bytes("x"), random).ok());
    const auto begin = token.find("..") + 2;  // dir: the encrypted key is empty
    ASSERT_EQ(token.find('.', begin), begin + iv.size());
    std::copy_n(token.begin() + static_cast<std::ptrdiff_t>(begin), iv.size(), iv.begin());
  }
  std::sort(seen.begin(), seen.end());
  EXPECT_EQ(std::adjacent_find(seen.begin(), seen.end()), seen.end());
}

TEST(Freshness, sec_147_no_initialisation_vector_comes_twice_under_one_key) {
  SystemRandom random;
  const KeyPtr key = test::key(test::symmetric(32));
  const auto encryptor = test::must(Encryptor::make(key, {JweAlg::kDir, JweEnc::kA128CbcHs256}));
  std::unordered_set<std::string> seen;
  std::string token;
  for (std::uint64_t i = tries(100'000, kMillion); i > 0; --i) {
    token.clear();
    ASSERT_THAT(encryptor.append(token, as_bytes("x"), random), is_ok());
    const auto begin = token.find("..") + 2;  // dir: the encrypted key is empty
    ASSERT_TRUE(seen.insert(token.substr(begin, token.find('.', begin) - begin)).second);
  }
}

TEST(Freshness, sec_147_no_content_key_comes_twice) {
  SystemRandom random;
  const KeyPtr key = test::key(test::symmetric(16)), issuer = test::key(test::symmetric(32));
  for (const KeyPtr& issuer_key : {KeyPtr(), issuer}) {
    const auto encryptor = test::must(
        Encryptor::make(key, {JweAlg::kA128Kw, JweEnc::kA128CbcHs256, {}, false, issuer_key}));
    std::unordered_set<std::string> seen;
    std::string token;
    for (std::uint64_t i = tries(20'000, kMillion); i > 0; --i) {
      token.clear();
      ASSERT_THAT(encryptor.append(token, as_bytes("x"), random), is_ok());
      // AES Key Wrap is deterministic: equal keys would give equal wrapped keys.
      const auto dot = token.find('.');
      ASSERT_TRUE(seen.insert(token.substr(dot + 1, token.find('.', dot + 1) - dot - 1)).second);
    }
  }
}

TEST(Freshness, sec_147_no_ephemeral_key_comes_twice) {
  SystemRandom random;
  for (const auto kind : {crypto::KeyKind::kEcP256, crypto::KeyKind::kX25519}) {
    const KeyPtr key = test::key(test::generated(kind));
    const auto encryptor =
        test::must(Encryptor::make(key, {JweAlg::kEcdhEs, JweEnc::kA128CbcHs256}));
    std::unordered_set<std::string> seen;
    for (std::uint64_t i = tries(2'000, kMillion); i > 0; --i) {
      std::string token;
      ASSERT_THAT(encryptor.append(token, as_bytes("x"), random), is_ok());
      ASSERT_TRUE(seen.insert(token.substr(0, token.find('.'))).second);
    }
  }
}

TEST(Freshness, sec_096_no_ecdsa_signature_has_the_same_r_as_another) {
  const auto signer = test::must(CompactSigner::make(test::ec_key(), JwsAlg::kEs256, {}));
  // The first 40 characters of the signature are 30 bytes of r.
  std::vector<std::array<char, 40>> seen(tries(50'000, kMillion));
  std::string token;
  for (auto& r : seen) {
    token.clear();
    ASSERT_TRUE(signer.append(token, as_bytes("the same message each time")).ok());
    std::copy_n(token.end() - 86, r.size(), r.begin());
  }
  std::sort(seen.begin(), seen.end());
  EXPECT_EQ(std::adjacent_find(seen.begin(), seen.end()), seen.end());
}

TEST(Freshness, sec_079_text_that_is_not_utf_8_is_refused_in_header_and_claims) {
  const std::string utf16("\0{\0}", 4), utf16_mark("\xFF\xFE{\0}\0", 6);
  const KeyPtr keys[] = {test::hmac_key()};
  for (const std::string& bad :
       {std::string("{\"x\":\"\xFF\"}"), std::string("{\"x\":\"\xC0\xAF\"}"),
        std::string("{\"x\":\"\xED\xA0\x80\"}"), std::string("\xEF\xBB\xBF{}"), utf16,
        utf16_mark}) {
    EXPECT_FALSE(parse_claims(as_bytes(bad)).ok());
    std::string header = bad;
    if (header.front() == '{') header.insert(1, "\"alg\":\"HS256\",");
    const auto token = test::token_with_header(header, "{}");
    EXPECT_FALSE(verify_compact(token, test::with(keys)).ok());
  }
}

}  // namespace
}  // namespace signet::jose
