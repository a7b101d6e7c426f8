#include "jose/encryptor.h"

#include "jose/content.h"
#include "jose/jose_test_support.h"

namespace signet::jose {
namespace {

using test::decrypt_with;
using test::fails;
using test::is_ok;

KeyPtr generated(crypto::KeyKind kind) {
  return test::key(Jwk::from_private(test::must(crypto::PrivateKey::generate(kind))).with_kid("k"));
}

/// Keys that fit the algorithm: one, or for ECDH-ES one of each curve.
std::vector<KeyPtr> fitting(JweAlg alg, JweEnc enc) {
  using crypto::KeyKind;
  static const KeyPtr rsa = test::key(test::jwk(test::kRfc7515A2Key).with_kid("r"));
  static const std::vector<KeyPtr> curves = {
      generated(KeyKind::kEcP256), generated(KeyKind::kEcP384), generated(KeyKind::kEcP521),
      generated(KeyKind::kX25519)};
  const JweAlgInfo& row = info(alg);
  if (row.family == JweFamily::kRsa) return {rsa};
  if (row.family == JweFamily::kEcdh) return curves;
  const std::size_t size = row.family == JweFamily::kDirect  ? key_size(enc)
                           : row.family == JweFamily::kPbes2 ? 32
                                                             : row.wrap_key_bytes;
  return {test::key(test::symmetric(size).with_kid("s"))};
}

const KeyPtr& issuer() {
  static const KeyPtr key = test::key(test::symmetric(32, 0x42).with_kid("issuer"));
  return key;
}

EncryptorOptions options(JweAlg alg, JweEnc enc, KeyPtr issuer_key = issuer()) {
  return {alg, enc, test::object(R"({"typ":"at+jwt","cty":"JWT"})"), true, std::move(issuer_key)};
}

DecryptOptions allowing_all(std::span<const KeyPtr> keys) {
  DecryptOptions all = decrypt_with(keys);
  all.allow_rsa15 = true;
  all.allow_pbes2 = true;
  return all;
}

std::string encrypted(const Encryptor& encryptor, std::string_view plain) {
  SystemRandom random;
  std::string out;
  test::must(encryptor.append(out, as_bytes(plain), random));
  return out;
}

TEST(Encryptor, every_pair_of_algorithms_is_opened_by_the_recipient_and_by_the_issuer) {
  int pairs = 0;
  for (const JweAlg alg : all_jwe_algs()) {
    for (const JweEnc enc : all_jwe_encs()) {
      for (const KeyPtr& key : fitting(alg, enc)) {
        const auto encryptor = test::must(Encryptor::make(key, options(alg, enc)));
        for (int repeat = 0; repeat < 2; ++repeat) {
          const std::string token = encrypted(encryptor, "a nested token");
          const KeyPtr keys[] = {key}, issuers[] = {issuer()};
          const auto opened = decrypt_compact(token, allowing_all(keys));
          ASSERT_THAT(opened, is_ok()) << name(alg) << ' ' << name(enc);
          EXPECT_EQ(as_text(opened->plain.view()), "a nested token");
          EXPECT_EQ(opened->header.alg, alg);
          EXPECT_EQ(opened->header.enc, enc);
          EXPECT_EQ(opened->header.kid, key->kid());
          EXPECT_EQ(opened->header.typ, "at+jwt");
          EXPECT_EQ(opened->header.cty, "JWT");
          const auto own = decrypt_as_issuer(token, issuers);
          ASSERT_THAT(own, is_ok()) << name(alg) << ' ' << name(enc);
          EXPECT_EQ(as_text(own->plain.view()), "a nested token");
          EXPECT_EQ(own->key, issuer());
        }
        ++pairs;
      }
    }
  }
  EXPECT_EQ(pairs, (17 + 4 * 3) * 6);  // ECDH-ES with four curves
}

}  // namespace
}  // namespace signet::jose
