#include "jose/encryptor.h"

#include "jose/content.h"
#include "jose/jose_test_support.h"

namespace signet::jose {
namespace {

using test::allowing_all;
using test::decrypt_with;
using test::fails;
using test::is_ok;

/// Keys that fit the algorithm: one, or for ECDH-ES one of each curve.
std::vector<KeyPtr> recipient_keys(JweAlg alg, JweEnc enc) {
  using crypto::KeyKind;
  static const KeyPtr rsa = test::key(test::jwk(test::kRfc7515A2Key).with_kid("r"));
  const auto curve = [](KeyKind kind) { return test::key(test::generated(kind).with_kid("k")); };
  static const std::vector<KeyPtr> curves = {curve(KeyKind::kEcP256), curve(KeyKind::kEcP384),
                                             curve(KeyKind::kEcP521), curve(KeyKind::kX25519)};
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
      for (const KeyPtr& key : recipient_keys(alg, enc)) {
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
          const auto own = decrypt_as_issuer(token, issuers, keys);
          ASSERT_THAT(own, is_ok()) << name(alg) << ' ' << name(enc);
          EXPECT_EQ(as_text(own->plain.view()), "a nested token");
          EXPECT_EQ(own->key, alg == JweAlg::kDir ? key : issuer());
        }
        ++pairs;
      }
    }
  }
  EXPECT_EQ(pairs, (17 + 4 * 3) * 6);  // ECDH-ES with four curves
}

TEST(Encryptor, tokens_of_any_size_are_appended_to_what_is_there) {
  SystemRandom random;
  for (const JweEnc enc : all_jwe_encs()) {
    const KeyPtr keys[] = {test::key(test::symmetric(key_size(enc)))};
    const auto encryptor = test::must(Encryptor::make(keys[0], options(JweAlg::kDir, enc)));
    for (const std::size_t size : {0u, 1u, 15u, 16u, 17u, 1000u, 4095u, 4096u, 4097u, 20000u}) {
      std::string out = "at:";
      ASSERT_THAT(encryptor.append(out, Bytes(size, 'p'), random), is_ok());
      ASSERT_TRUE(out.starts_with("at:"));
      const auto plain = decrypt_compact(std::string_view(out).substr(3), decrypt_with(keys));
      ASSERT_THAT(plain, is_ok()) << size;
      EXPECT_EQ(to_bytes(plain->plain.view()), Bytes(size, 'p'));
    }
  }
}

TEST(Encryptor, header_is_well_encoded_whatever_the_length_of_its_members) {
  for (const JweAlg alg : {JweAlg::kDir, JweAlg::kA128Kw, JweAlg::kA256GcmKw}) {
    for (const std::size_t length : {0u, 1u, 2u, 3u, 4u, 500u, 3000u}) {
      const KeyPtr keys[] = {test::key(
          test::symmetric(alg == JweAlg::kA128Kw ? 16 : 32).with_kid(std::string(length, 'k')))};
      for (const KeyPtr& issuer_key : {KeyPtr(), issuer()}) {
        const auto encryptor =
            test::must(Encryptor::make(keys[0], options(alg, JweEnc::kA128CbcHs256, issuer_key)));
        const std::string token = encrypted(encryptor, "x");
        const auto header = test::must(parse_jwe_header(token));
        EXPECT_EQ(header.kid, std::string(length, 'k'));
        // What is not registered (RFC 7518 §4.1, RFC 7516 §4.1) strict libraries refuse.
        for (const auto& [member, value] : header.members) {
          const std::string_view known[] = {"alg", "enc", "kid", "typ", "cty", "iv", "tag"};
          EXPECT_NE(std::find(std::begin(known), std::end(known), member), std::end(known))
              << member;
        }
        EXPECT_THAT(decrypt_compact(token, decrypt_with(keys)), is_ok());
      }
    }
  }
}

TEST(Encryptor, keys_and_options_that_do_not_fit_are_refused) {
  const KeyPtr rsa = recipient_keys(JweAlg::kRsaOaep256, JweEnc::kA128Gcm)[0];
  const auto made = [](KeyPtr key, EncryptorOptions how) {
    return Encryptor::make(std::move(key), std::move(how));
  };
  const auto plain = [](JweAlg alg) { return options(alg, JweEnc::kA128CbcHs256); };
  EXPECT_THAT(made(nullptr, plain(JweAlg::kDir)), fails("jwe_key_wrong"));
  EXPECT_THAT(made(rsa, plain(JweAlg::kA128Kw)), fails("jwe_key_wrong"));
  EXPECT_THAT(made(test::hmac_key(), plain(JweAlg::kDir)), fails("jwe_key_wrong"));
  EXPECT_THAT(made(test::key(rsa->jwk().with_use(KeyUse::kSig)), plain(JweAlg::kRsaOaep)),
              fails("jwe_key_wrong"));
  for (const JweAlg legacy : {JweAlg::kRsa15, JweAlg::kPbes2Hs256A128Kw}) {
    auto how = plain(legacy);
    how.allow_legacy = false;
    EXPECT_THAT(made(recipient_keys(legacy, how.enc)[0], how), fails("jwe_alg_not_allowed"));
  }
  for (const char* taken : {"alg", "enc", "zip", "crit", "epk", "iv", "p2c"}) {
    auto how = plain(JweAlg::kRsaOaep256);
    how.extra.set(taken, "x");
    EXPECT_THAT(made(rsa, how), fails("jwe_header_malformed")) << taken;
  }
}

TEST(Encryptor, an_issuers_key_must_be_a_secret_for_encryption) {
  const KeyPtr key = test::key(test::symmetric(32));
  for (const KeyPtr& wrong :
       {test::rsa_key(), test::key(test::symmetric(15)), test::key(Jwk::of_hidden_symmetric(32)),
        test::key(test::symmetric(32).with_use(KeyUse::kSig)),
        Key::local(test::symmetric(32), {JwsAlg::kHs256})}) {
    EXPECT_THAT(Encryptor::make(key, options(JweAlg::kA256Kw, JweEnc::kA128CbcHs256, wrong)),
                fails("jwe_key_wrong"));
  }
}

TEST(Encryptor, a_failure_leaves_what_was_there) {
  // The all-zero point of X25519 is a public key, but no secret can be agreed on with it.
  const auto low = crypto::PublicKey::from_okp(crypto::KeyKind::kX25519, Bytes(32, 0));
  ASSERT_THAT(low, is_ok());
  const auto encryptor = test::must(Encryptor::make(test::key(Jwk::from_public(*low)),
                                                    options(JweAlg::kEcdhEs, JweEnc::kA128Gcm)));
  SystemRandom random;
  std::string out = "before";
  EXPECT_FALSE(encryptor.append(out, as_bytes("x"), random).ok());
  EXPECT_EQ(out, "before");
}

TEST(Encryptor, sec_147_uses_of_a_key_for_gcm_are_counted) {
  const auto uses = [](JweAlg alg, JweEnc enc, std::size_t size) {
    const KeyPtr key = test::key(test::symmetric(size));
    const auto encryptor = test::must(Encryptor::make(key, options(alg, enc)));
    encrypted(encryptor, "x");
    encrypted(encryptor, "y");
    return GcmUses::kMost - key->gcm_uses().left();
  };
  EXPECT_EQ(uses(JweAlg::kDir, JweEnc::kA256Gcm, 32), 2u);
  EXPECT_EQ(uses(JweAlg::kA128GcmKw, JweEnc::kA128CbcHs256, 16), 2u);
  // Here the key of GCM is another one in each token.
  EXPECT_EQ(uses(JweAlg::kA128Kw, JweEnc::kA256Gcm, 16), 0u);
  EXPECT_EQ(uses(JweAlg::kDir, JweEnc::kA128CbcHs256, 32), 0u);
}

TEST(Encryptor, sec_147_uses_that_others_count_are_asked_and_the_keys_own_are_not) {
  const KeyPtr key = test::key(test::symmetric(32));
  auto with_uses = options(JweAlg::kDir, JweEnc::kA256Gcm);
  with_uses.gcm_uses = std::make_shared<GcmUses>(1);
  const auto encryptor = test::must(Encryptor::make(key, with_uses));
  encrypted(encryptor, "x");
  SystemRandom random;
  std::string out;
  EXPECT_THAT(encryptor.append(out, as_bytes("y"), random), fails("key_worn_out"));
  EXPECT_EQ(out, "");
  EXPECT_EQ(with_uses.gcm_uses->left(), 0u);
  EXPECT_EQ(key->gcm_uses().left(), GcmUses::kMost);
}

TEST(GcmUses, sec_147_that_are_granted_run_out_until_more_are_granted_or_they_end) {
  GcmUses uses = GcmUses::to_be_granted();
  EXPECT_THAT(uses.take(), fails("key_uses_not_reserved"));
  uses.grant(1);
  EXPECT_THAT(uses.take(), is_ok());
  EXPECT_THAT(uses.take(), fails("key_uses_not_reserved"));
  EXPECT_EQ(uses.left(), 0u);
  uses.grant(1);
  uses.end();
  EXPECT_EQ(uses.left(), 1u);
  EXPECT_THAT(uses.take(), is_ok()) << "what was granted stays";
  EXPECT_THAT(uses.take(), fails("key_worn_out"));
}

TEST(GcmUses, sec_147_end_after_2_to_the_32) {
  EXPECT_EQ(GcmUses::kMost, 4'294'967'296u);
  GcmUses uses(2);
  EXPECT_THAT(uses.take(), is_ok());
  EXPECT_THAT(uses.take(), is_ok());
  EXPECT_THAT(uses.take(), fails("key_worn_out"));
  EXPECT_THAT(uses.take(), fails("key_worn_out"));
}

}  // namespace
}  // namespace signet::jose
