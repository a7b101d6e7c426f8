#include "jose/jwe.h"

#include <set>

#include "jose/content.h"
#include "jose/ecdh.h"
#include "jose/inflate.h"
#include "jose/jose_test_support.h"
#include "support/deflated.h"
#include "support/tries.h"

namespace signet::jose {
namespace {

using signet::test::deflated;
using test::decrypt_with;
using test::dir_token;
using test::encoded;
using test::encryption;
using test::fails;
using test::is_ok;

Jwk generated(crypto::KeyKind kind) {
  return Jwk::from_private(test::must(crypto::PrivateKey::generate(kind)));
}

/// A key that fits the algorithm.
KeyPtr fitting(JweAlg alg, JweEnc enc) {
  static const KeyPtr rsa = test::key(test::jwk(test::kRfc7515A2Key).with_kid("r"));
  static const KeyPtr x25519 = test::key(generated(crypto::KeyKind::kX25519).with_kid("x"));
  const JweAlgInfo& row = info(alg);
  switch (row.family) {
    case JweFamily::kRsa:
      return rsa;
    case JweFamily::kEcdh:
      return x25519;
    case JweFamily::kDirect:
      return test::key(test::symmetric(key_size(enc)).with_kid("d"));
    case JweFamily::kPbes2:
      return test::key(Jwk::from_symmetric(SecretBytes::from_text("secret")));
    default:
      return test::key(test::symmetric(row.wrap_key_bytes).with_kid("w"));
  }
}

DecryptOptions allowing_all(std::span<const KeyPtr> keys) {
  DecryptOptions options = decrypt_with(keys);
  options.allow_rsa15 = true;
  options.allow_pbes2 = true;
  options.allow_deflate = true;
  return options;
}

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
    const Jwk whole = generated(kind);
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

TEST(Jwe, sec_077_refuses_ephemeral_keys_that_are_no_points_of_the_curve) {
  const std::vector<KeyPtr> keys = {test::key(generated(crypto::KeyKind::kEcP256)),
                                    test::key(generated(crypto::KeyKind::kX25519))};
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
  const std::vector<KeyPtr> keys = {test::key(generated(crypto::KeyKind::kEcP256))};
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

TEST(Jwe, sec_078_inflates_only_if_allowed_and_within_the_limits) {
  const KeyPtr key = test::key(test::symmetric(32));
  const std::vector<KeyPtr> keys = {key};
  const std::string header = R"({"alg":"dir","enc":"A256GCM","zip":"DEF"})";
  const Bytes text = to_bytes("You can trust us to stick with you through thick and thin");
  const std::string small = dir_token(header, deflated(text), key);
  EXPECT_THAT(decrypt_compact(small, decrypt_with(keys)), fails("jwe_zip_not_allowed"));
  const auto plain = decrypt_compact(small, allowing_all(keys));
  ASSERT_THAT(plain, is_ok());
  EXPECT_TRUE(same_bytes(plain->plain.view(), text));

  const std::string bomb = dir_token(header, deflated(Bytes(4 << 20, 'x')), key);
  EXPECT_THAT(decrypt_compact(bomb, allowing_all(keys)), fails("jwe_inflate_limit"));
  EXPECT_THAT(decrypt_compact(dir_token(header, as_bytes("garbage"), key), allowing_all(keys)),
              fails("jwe_decrypt_failed"));
  Bytes trailing = deflated(text);
  trailing.push_back(0);
  EXPECT_THAT(decrypt_compact(dir_token(header, trailing, key), allowing_all(keys)),
              fails("jwe_decrypt_failed"));
  Bytes cut = deflated(text);
  cut.pop_back();
  EXPECT_THAT(decrypt_compact(dir_token(header, cut, key), allowing_all(keys)),
              fails("jwe_decrypt_failed"));
}

TEST(Inflate, stops_exactly_at_its_limits) {
  SeededRandom random(5);
  Bytes noise(10000);
  random.fill(noise);
  const Bytes packed = deflated(noise);
  EXPECT_THAT(inflate_raw(packed, 10000, 20), is_ok());
  EXPECT_THAT(inflate_raw(packed, 9999, 20), fails("jwe_inflate_limit"));
  const Bytes even = deflated(Bytes(10000, 'e'));
  EXPECT_THAT(inflate_raw(even, 1 << 20, 10000 / even.size()), fails("jwe_inflate_limit"));
  EXPECT_THAT(inflate_raw(even, 1 << 20, 10000 / even.size() + 1), is_ok());
  EXPECT_THAT(inflate_raw({}, 100, 20), fails("jwe_decrypt_failed"));
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
