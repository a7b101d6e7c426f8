// What the answers of decryption tell an attacker: nothing.

#include <set>

#include "crypto/cipher.h"
#include "jose/algorithm_info.h"
#include "jose/jose_test_support.h"
#include "support/tries.h"

namespace signet::jose {
namespace {

using test::allowing_all;
using test::decrypt_with;
using test::encoded;
using test::encryption;
using test::fails;
using test::fitting;

TEST(Jwe, sec_092_rsa15_failures_cannot_be_told_apart) {
  SystemRandom random;
  const std::vector<KeyPtr> keys = {fitting(JweAlg::kRsa15, JweEnc::kA128Gcm)};
  const std::string token = test::must(encrypt_compact(
      keys[0], as_bytes("x"), encryption(JweAlg::kRsa15, JweEnc::kA128Gcm), random));
  const std::size_t first = token.find('.'), second = token.find('.', first + 1);
  const auto with_key = [&](ByteView encrypted) {
    return token.substr(0, first + 1) + base64::url_encode(encrypted) + token.substr(second);
  };
  const crypto::PublicKey& pub = *keys[0]->jwk().public_key();
  const auto padded = [&](std::size_t size) {
    return test::must(crypto::rsa_encrypt(pub, crypto::RsaPadding::kPkcs1, Bytes(size, 1)));
  };
  std::set<std::string> details;
  for (const Bytes& bad : {Bytes(256, 1), Bytes(256, 0xFF), Bytes(1, 1), Bytes(300, 1), padded(15),
                           padded(16), padded(17), padded(32)}) {
    const auto result = decrypt_compact(with_key(bad), allowing_all(keys));
    ASSERT_THAT(result, fails("jwe_decrypt_failed"));
    details.insert(result.error().detail);
  }
  EXPECT_EQ(details.size(), 1u);
}

/// Everything that an answer says.
std::string answer_of(const Result<DecryptedJwe>& result) {
  return result.ok() ? "opened" : std::string(result.error().reason) + result.error().detail;
}

TEST(Jwe, sec_092_no_answer_tells_a_padding_of_rsa_right_or_wrong) {
  // SIGNET_LONG=1: 100,000 ciphertexts of each, about three minutes.
  SystemRandom random;
  SeededRandom choices(92);
  for (const JweAlg alg : {JweAlg::kRsa15, JweAlg::kRsaOaep, JweAlg::kRsaOaep256}) {
    const std::vector<KeyPtr> keys = {fitting(alg, JweEnc::kA128CbcHs256)};
    const crypto::PublicKey& pub = *keys[0]->jwk().public_key();
    const std::string token = test::must(
        encrypt_compact(keys[0], as_bytes("x"), encryption(alg, JweEnc::kA128CbcHs256), random));
    const std::size_t first = token.find('.'), second = token.find('.', first + 1);
    const Bytes right = test::must(
        base64::url_decode(std::string_view(token).substr(first + 1, second - first - 1)));
    std::set<std::string> answers;
    for (std::uint64_t i = signet::test::tries(700, 100'000); i > 0; --i) {
      std::array<std::uint8_t, 66> draw;
      choices.fill(draw);
      Bytes encrypted = right;
      if (i % 3 == 0) {  // right padding around a key that is not the token's, of any size
        encrypted = test::must(crypto::rsa_encrypt(pub, info(alg).padding,
                                                   ByteView(draw).subspan(1, 1 + draw[0] % 64)));
      } else if (i % 3 == 1) {  // noise below the modulus
        choices.fill(encrypted);
        encrypted[0] &= 0x7F;
      } else {  // one bit is wrong
        encrypted[draw[0]] ^= static_cast<std::uint8_t>(1U << (draw[1] % 8));
      }
      std::string bad = token.substr(0, first + 1);
      bad += base64::url_encode(encrypted);
      bad += token.substr(second);
      answers.insert(answer_of(decrypt_compact(bad, allowing_all(keys))));
    }
    ASSERT_EQ(answers.size(), 1U) << name(alg) << testing::PrintToString(answers);
    EXPECT_TRUE(answers.begin()->starts_with("jwe_decrypt_failed"));
  }
}

TEST(Jwe, sec_091_a_wrong_cbc_padding_is_answered_like_a_wrong_tag) {
  SeededRandom choices(91);
  const Bytes cek(32, 7);
  const std::vector<KeyPtr> keys = {test::key(Jwk::from_symmetric(SecretBytes(cek)))};
  const std::string header = encoded(R"({"alg":"dir","enc":"A128CBC-HS256"})");
  const std::array<std::uint8_t, 8> bits = {0,
                                            0,
                                            0,
                                            0,
                                            0,
                                            0,
                                            static_cast<std::uint8_t>(header.size() * 8 >> 8),
                                            static_cast<std::uint8_t>(header.size() * 8)};
  Bytes iv(16), ciphertext(32), tag(32);
  std::set<std::string> answers;
  std::size_t opened = 0, authentic = 0;
  for (int i = 0; i < 100'000; ++i) {
    choices.fill(iv);
    choices.fill(ciphertext);
    crypto::hmac(crypto::Hash::kSha256, ByteView(cek).first(16),
                 {as_bytes(header), iv, ciphertext, bits}, tag.data());
    const bool is_authentic = i % 2 == 0;
    if (!is_authentic) tag[static_cast<std::size_t>(i) % 16] ^= 1;
    const std::string token = header + ".." + base64::url_encode(iv) + '.' +
                              base64::url_encode(ciphertext) + '.' +
                              base64::url_encode(ByteView(tag).first(16));
    const auto result = decrypt_compact(token, decrypt_with(keys));
    authentic += is_authentic ? 1 : 0;
    if (result.ok()) {
      ASSERT_TRUE(is_authentic);
      ++opened;  // noise that happens to end in a right padding: one in 255 or so
      continue;
    }
    answers.insert(answer_of(result));
  }
  EXPECT_EQ(answers.size(), 1U) << testing::PrintToString(answers);
  EXPECT_GT(opened, 0U) << "so the tags were right, and the padding was what failed";
  EXPECT_LT(opened, authentic / 50);
}

TEST(Jwe, sec_091_every_tampering_gives_one_error) {
  SystemRandom random;
  SeededRandom choices(91);
  std::set<std::string> failures;
  for (const JweEnc enc : all_jwe_encs()) {
    const std::vector<KeyPtr> keys = {fitting(JweAlg::kDir, enc)};
    const std::string token = test::must(
        encrypt_compact(keys[0], Bytes(100, 'x'), encryption(JweAlg::kDir, enc), random));
    const std::size_t start = token.find('.') + 2;
    for (int i = 0; i < 2000; ++i) {
      std::array<std::uint8_t, 3> draw;
      choices.fill(draw);
      std::string bad = token;
      char& victim = bad[start + (draw[0] + 256u * draw[1]) % (token.size() - start)];
      // A change of the top bits of a digit never touches padding bits.
      if (victim == '.') continue;
      victim = victim == 'A' ? 'Q' : 'A';
      if (bad == token) continue;
      const auto result = decrypt_compact(bad, decrypt_with(keys));
      ASSERT_FALSE(result.ok());
      failures.insert(std::string(result.error().reason) + result.error().detail);
    }
  }
  EXPECT_EQ(failures.size(), 1u);
  EXPECT_TRUE(failures.begin()->starts_with("jwe_decrypt_failed"));
}

}  // namespace
}  // namespace signet::jose
