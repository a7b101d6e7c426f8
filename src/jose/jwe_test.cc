#include "jose/jwe.h"

#include "jose/content.h"
#include "jose/jose_test_support.h"

namespace signet::jose {
namespace {

using test::allowing_all;
using test::decrypt_with;
using test::dir_token;
using test::encryption;
using test::fails;
using test::fitting;
using test::is_ok;

TEST(Jwe, decrypts_what_it_encrypts_with_every_pair_of_algorithms) {
  SystemRandom random;
  int pairs = 0;
  for (const JweAlg alg : all_jwe_algs()) {
    for (const JweEnc enc : all_jwe_encs()) {
      const std::vector<KeyPtr> keys = {fitting(alg, enc)};
      EncryptOptions options = encryption(alg, enc);
      options.extra.set("cty", "JWT");
      options.apu = to_bytes("Alice");
      const auto token = encrypt_compact(keys[0], as_bytes("hello"), options, random);
      ASSERT_THAT(token, is_ok()) << name(alg) << name(enc);
      const auto plain = decrypt_compact(*token, allowing_all(keys));
      ASSERT_THAT(plain, is_ok()) << name(alg) << " " << name(enc);
      EXPECT_EQ(as_text(plain->plain.view()), "hello");
      EXPECT_EQ(plain->header.cty, "JWT");
      EXPECT_EQ(plain->header.kid, keys[0]->kid());
      ++pairs;
    }
  }
  EXPECT_EQ(pairs, 17 * 6);
}

TEST(Jwe, agrees_on_every_curve) {
  SystemRandom random;
  for (const auto kind : {crypto::KeyKind::kEcP256, crypto::KeyKind::kEcP384,
                          crypto::KeyKind::kEcP521, crypto::KeyKind::kX25519}) {
    const Jwk whole = test::generated(kind);
    const KeyPtr sender_view = test::key(test::public_half(whole));
    const std::vector<KeyPtr> keys = {test::key(whole)};
    for (const JweAlg alg : {JweAlg::kEcdhEs, JweAlg::kEcdhEsA192Kw}) {
      const auto token =
          encrypt_compact(sender_view, as_bytes("x"), encryption(alg, JweEnc::kA128Gcm), random);
      ASSERT_THAT(token, is_ok());
      EXPECT_THAT(decrypt_compact(*token, decrypt_with(keys)), is_ok());
    }
  }
}

TEST(Jwe, sec_075_leaves_rsa15_and_pbes2_off_unless_they_are_switched_on) {
  SystemRandom random;
  for (const JweAlg alg : {JweAlg::kRsa15, JweAlg::kPbes2Hs256A128Kw}) {
    const std::vector<KeyPtr> keys = {fitting(alg, JweEnc::kA128Gcm)};
    const auto token = test::must(
        encrypt_compact(keys[0], as_bytes("x"), encryption(alg, JweEnc::kA128Gcm), random));
    const JweAlg listed[] = {alg}, other[] = {JweAlg::kDir};
    EXPECT_THAT(decrypt_compact(token, decrypt_with(keys)), fails("jwe_alg_not_allowed"));
    EXPECT_THAT(decrypt_compact(token, decrypt_with(keys, listed)), fails("jwe_alg_not_allowed"));
    DecryptOptions options = allowing_all(keys);
    EXPECT_THAT(decrypt_compact(token, options), is_ok());
    options.algs = other;
    EXPECT_THAT(decrypt_compact(token, options), fails("jwe_alg_not_allowed"));
  }
  EncryptOptions rsa15 = encryption(JweAlg::kRsa15, JweEnc::kA128Gcm);
  rsa15.allow_rsa15 = false;
  EXPECT_THAT(encrypt_compact(fitting(JweAlg::kRsa15, JweEnc::kA128Gcm), {}, rsa15, random),
              fails("jwe_alg_not_allowed"));
}

TEST(Jwe, refuses_tags_ivs_and_encrypted_keys_of_wrong_sizes) {
  const KeyPtr key = test::key(test::symmetric(32));
  const std::vector<KeyPtr> keys = {key};
  const std::string token = dir_token(R"({"alg":"dir","enc":"A256GCM"})", as_bytes("x"), key);
  ASSERT_THAT(decrypt_compact(token, decrypt_with(keys)), is_ok());
  std::array<std::string_view, 5> parts;
  std::string_view rest = token;
  for (auto& part : parts) {
    part = rest.substr(0, rest.find('.'));
    rest.remove_prefix(std::min(rest.size(), part.size() + 1));
  }
  const auto join = [](const std::array<std::string_view, 5>& p) {
    return std::string(p[0]) + '.' + std::string(p[1]) + '.' + std::string(p[2]) + '.' +
           std::string(p[3]) + '.' + std::string(p[4]);
  };
  for (const std::size_t size : {0, 2, 4, 8, 12, 16, 20}) {
    auto cut_tag = parts;
    cut_tag[4] = size ? std::string_view("AAAAAAAAAAAAAAAAAAAAAAAA").substr(0, size) : "";
    EXPECT_THAT(decrypt_compact(join(cut_tag), decrypt_with(keys)), fails("jwe_decrypt_failed"));
    auto cut_iv = parts;
    cut_iv[2] = cut_iv[2].substr(0, size < 16 ? size : 12);
    EXPECT_THAT(decrypt_compact(join(cut_iv), decrypt_with(keys)), fails("jwe_decrypt_failed"));
  }
  auto with_key = parts;
  with_key[1] = "eA";
  EXPECT_THAT(decrypt_compact(join(with_key), decrypt_with(keys)), fails("jwe_decrypt_failed"));
}

TEST(Jwe, refuses_an_authentic_cbc_message_without_ciphertext) {
  const Bytes cek(64, 1), iv(16, 2);
  const Sealed sealed = test::must(seal(JweEnc::kA256CbcHs512, cek, iv, {}, as_bytes("x")));
  EXPECT_THAT(open(JweEnc::kA256CbcHs512, cek, iv, {}, sealed.ciphertext, sealed.tag), is_ok());
  const Bytes message = [&] {
    Bytes all(iv);
    all.resize(24);  // no AAD, no ciphertext, and a zero length
    return all;
  }();
  Bytes tag(64);
  crypto::MacKey(crypto::Hash::kSha512, ByteView(cek).first(32)).mac(message, tag.data());
  tag.resize(32);
  EXPECT_THAT(open(JweEnc::kA256CbcHs512, cek, iv, {}, {}, tag), fails("jwe_decrypt_failed"));
}

TEST(Jwe, refuses_malformed_headers_and_forms) {
  const KeyPtr key = test::key(test::symmetric(32));
  const std::vector<KeyPtr> keys = {key};
  const struct {
    const char* header;
    const char* reason;
  } kRows[] = {{R"({"enc":"A256GCM"})", "jwe_header_malformed"},
               {R"({"alg":"dir"})", "jwe_header_malformed"},
               {R"({"alg":"dir","enc":1})", "jwe_header_malformed"},
               {R"({"alg":"none","enc":"A256GCM"})", "jwe_alg_unknown"},
               {R"({"alg":"HS256","enc":"A256GCM"})", "jwe_alg_unknown"},
               {R"({"alg":"dir","enc":"none"})", "jwe_enc_unknown"},
               {R"({"alg":"dir","enc":"A256GCM","kid":{}})", "jwe_header_malformed"},
               {R"({"alg":"dir","enc":"A256GCM","epk":"x"})", "jwe_header_malformed"},
               {R"({"alg":"dir","enc":"A256GCM","zip":1})", "jwe_header_malformed"},
               {R"({"alg":"dir","enc":"A256GCM","zip":"GZIP"})", "jwe_zip_unknown"},
               {R"({"alg":"dir","enc":"A256GCM","crit":["exp"],"exp":1})", "jwe_crit_unknown"},
               {R"({"alg":"dir","enc":"A256GCM","crit":[]})", "jwe_crit_malformed"},
               {R"({"alg":"dir","enc":"A256GCM","kid":"zz"})", "jwe_kid_unknown"},
               {R"({"alg":"A256KW","enc":"A256GCM","alg":"dir"})", "json_duplicate_member"},
               {R"({"alg":"A128KW","enc":"A256GCM"})", "jwe_alg_not_allowed"},
               {R"({"alg":"dir","enc":"A128GCM"})", "jwe_alg_not_allowed"},
               {"[]", "jwe_header_malformed"}};
  for (const auto& row : kRows) {
    EXPECT_THAT(decrypt_compact(dir_token(row.header, as_bytes("x"), key), decrypt_with(keys)),
                fails(row.reason))
        << row.header;
  }
  for (const char* bad : {"", "....", "a.b.c", "a.b.c.d", "a.b.c.d.e.f"}) {
    EXPECT_FALSE(decrypt_compact(bad, decrypt_with(keys)).ok()) << bad;
  }
  EXPECT_THAT(decrypt_compact(std::string(70000, '.'), decrypt_with(keys)), fails("jwe_too_large"));
  EXPECT_THAT(decrypt_compact(dir_token(R"({"alg":"dir","enc":"A256GCM"})", {}, key), {}),
              fails("jwe_no_key"));
}

TEST(Jwe, a_key_without_a_kid_stands_for_every_kid_only_where_that_is_said) {
  const KeyPtr nameless = test::key(test::symmetric(32));
  const KeyPtr named = test::key(test::symmetric(32).with_kid("a"));
  const std::string token =
      dir_token(R"({"alg":"dir","enc":"A256GCM","kid":"b"})", as_bytes("x"), nameless);
  const std::vector<KeyPtr> one = {nameless}, other = {named};
  DecryptOptions options = decrypt_with(one);
  EXPECT_THAT(decrypt_compact(token, options), fails("jwe_kid_unknown"));
  options.kid_matching = KidMatching::kIfKeyHasOne;
  EXPECT_THAT(decrypt_compact(token, options), is_ok());
  options.keys = other;
  EXPECT_THAT(decrypt_compact(token, options), fails("jwe_kid_unknown"))
      << "a key with a kid of its own answers to that one alone";
}

TEST(Jwe, sec_140_refuses_to_encrypt_with_a_key_that_does_not_fit) {
  SystemRandom random;
  const auto attempt = [&](const KeyPtr& key, JweAlg alg) {
    return encrypt_compact(key, as_bytes("x"), encryption(alg, JweEnc::kA128Gcm), random);
  };
  EXPECT_THAT(attempt(test::rsa_key(), JweAlg::kA128Kw), fails("jwe_key_wrong"));
  EXPECT_THAT(attempt(test::key(test::symmetric(32)), JweAlg::kA128Kw), fails("jwe_key_wrong"));
  EXPECT_THAT(attempt(test::key(test::symmetric(32)), JweAlg::kDir), fails("jwe_key_wrong"));
  EXPECT_THAT(attempt(test::ed_key(), JweAlg::kEcdhEs), fails("jwe_key_wrong"));
  EXPECT_THAT(attempt(nullptr, JweAlg::kDir), fails("jwe_key_wrong"));
  const Jwk rsa = test::jwk(test::kRfc7515A2Key);
  EXPECT_THAT(attempt(test::key(rsa.with_use(KeyUse::kSig)), JweAlg::kRsaOaep),
              fails("jwe_key_wrong"));
  EXPECT_THAT(attempt(test::key(rsa.with_alg("RSA-OAEP-256")), JweAlg::kRsaOaep),
              fails("jwe_key_wrong"));
  EXPECT_THAT(attempt(Key::local(rsa, {JwsAlg::kRs256}), JweAlg::kRsaOaep), fails("jwe_key_wrong"));
  EncryptOptions reserved = encryption(JweAlg::kRsaOaep, JweEnc::kA128Gcm);
  reserved.extra.set("zip", "DEF");
  EXPECT_THAT(encrypt_compact(test::rsa_key(), {}, reserved, random),
              fails("jwe_header_malformed"));
}

TEST(Jwe, remote_key_unwraps_in_two_steps) {
  SystemRandom random;
  const Jwk whole = test::jwk(test::kRfc7515A2Key).with_kid("h");
  const std::vector<KeyPtr> keys = {Key::remote(test::public_half(whole), {})};
  const std::string token = test::must(encrypt_compact(
      keys[0], as_bytes("hello"), encryption(JweAlg::kRsaOaep256, JweEnc::kA128Gcm), random));
  EXPECT_THAT(decrypt_compact(token, decrypt_with(keys)), fails("key_is_remote"));
  const auto prepared = prepare_remote_decrypt(token, decrypt_with(keys));
  ASSERT_THAT(prepared, is_ok());
  EXPECT_EQ(prepared->key, keys[0]);
  SecretBytes cek = test::must(crypto::rsa_decrypt(
      *whole.private_key(), crypto::RsaPadding::kOaepSha256, prepared->encrypted_key));
  EXPECT_THAT(finish_remote_decrypt(token, decrypt_with(keys), *prepared, cek.clone()), is_ok());
  EXPECT_THAT(finish_remote_decrypt(token, decrypt_with(keys), *prepared, SecretBytes(15)),
              fails("jwe_decrypt_failed"));
  const std::vector<KeyPtr> local = {test::key(whole)};
  EXPECT_THAT(prepare_remote_decrypt(token, decrypt_with(local)), fails("jwe_no_key"));
}

}  // namespace
}  // namespace signet::jose
