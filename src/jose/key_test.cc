#include "jose/key.h"

#include <thread>

#include "jose/jose_test_support.h"
#include "jose/jwe.h"

namespace signet::jose {
namespace {

using test::fails;
using test::is_ok;
using test::key;

const Bytes kInput = to_bytes("header.payload");

Bytes signed_by(const KeyPtr& signer, JwsAlg alg) {
  Bytes signature(signer->signature_size(alg));
  test::must(signer->sign(alg, kInput, signature.data()));
  return signature;
}

TEST(Key, sec_074_never_uses_a_public_key_for_an_hmac) {
  for (const KeyPtr& asymmetric : {test::rsa_key(), test::ec_key(), test::ed_key()}) {
    for (const JwsAlg alg : {JwsAlg::kHs256, JwsAlg::kHs384, JwsAlg::kHs512}) {
      EXPECT_FALSE(asymmetric->can_sign(alg));
      EXPECT_THAT(asymmetric->verify(alg, kInput, Bytes(32)), fails("jws_alg_not_allowed"));
    }
  }
  EXPECT_THAT(test::hmac_key()->verify(JwsAlg::kRs256, kInput, Bytes(256)),
              fails("jws_alg_not_allowed"));
}

TEST(Key, sec_075_refuses_an_hmac_key_shorter_than_its_hash) {
  const struct {
    JwsAlg alg;
    std::size_t size;
  } kRows[] = {{JwsAlg::kHs256, 32}, {JwsAlg::kHs384, 48}, {JwsAlg::kHs512, 64}};
  for (const auto& row : kRows) {
    const KeyPtr shorter = key(test::symmetric(row.size - 1));
    std::array<std::uint8_t, 64> out;
    EXPECT_FALSE(shorter->can_sign(row.alg));
    EXPECT_EQ(shorter->signature_size(row.alg), 0u);
    EXPECT_THAT(shorter->sign(row.alg, kInput, out.data()), fails("jws_key_too_short"));
    EXPECT_THAT(shorter->verify(row.alg, kInput, Bytes(row.size)), fails("jws_key_too_short"));
    const KeyPtr enough = key(test::symmetric(row.size));
    EXPECT_THAT(enough->verify(row.alg, kInput, signed_by(enough, row.alg)), is_ok());
  }
}

TEST(Key, serves_only_the_algorithms_of_its_kind_alg_use_and_operations) {
  EXPECT_TRUE(test::ec_key()->can_sign(JwsAlg::kEs256));
  EXPECT_FALSE(test::ec_key()->can_sign(JwsAlg::kEs384));
  EXPECT_FALSE(test::ec_key()->can_sign(JwsAlg::kEdDsa));

  const Jwk rsa = test::jwk(test::kRfc7515A2Key);
  EXPECT_TRUE(key(rsa)->can_verify(JwsAlg::kPs512));
  EXPECT_FALSE(key(rsa.with_alg("RS256"))->can_verify(JwsAlg::kPs256));
  EXPECT_TRUE(key(rsa.with_alg("RS256"))->can_verify(JwsAlg::kRs256));
  EXPECT_FALSE(key(rsa.with_alg("RS-UNHEARD-OF"))->can_verify(JwsAlg::kRs256));
  EXPECT_FALSE(key(rsa.with_use(KeyUse::kEnc))->can_verify(JwsAlg::kRs256));
  EXPECT_FALSE(key(rsa.with_use(KeyUse::kEnc))->can_sign(JwsAlg::kRs256));
  const KeyPtr pinned = Key::local(rsa, {JwsAlg::kPs256});
  EXPECT_FALSE(pinned->can_verify(JwsAlg::kRs256));
  EXPECT_TRUE(pinned->can_sign(JwsAlg::kPs256));

  json::Object only_verify = test::object(test::kRfc7515A3Key);
  only_verify.set("key_ops", json::Array{json::Value("verify")});
  const KeyPtr verifier = key(test::must(Jwk::parse(only_verify)));
  EXPECT_TRUE(verifier->can_verify(JwsAlg::kEs256));
  EXPECT_FALSE(verifier->can_sign(JwsAlg::kEs256));
  json::Object only_sign = only_verify;
  only_sign.set("key_ops", json::Array{json::Value("sign")});
  const KeyPtr signer = key(test::must(Jwk::parse(only_sign)));
  EXPECT_TRUE(signer->can_sign(JwsAlg::kEs256));
  EXPECT_TRUE(signer->can_verify(JwsAlg::kEs256));
}

TEST(Key, says_what_it_verifies_with_before_anything_is_prepared_as_it_does_after) {
  const Jwk rsa = test::jwk(test::kRfc7515A2Key);
  const std::vector<Jwk> jwks = {rsa,
                                 rsa.with_alg("PS384"),
                                 rsa.with_use(KeyUse::kEnc),
                                 test::ec_key()->jwk(),
                                 test::ed_key()->jwk(),
                                 test::symmetric(31),
                                 test::symmetric(48),
                                 test::symmetric(64),
                                 Jwk::of_hidden_symmetric(0),
                                 Jwk::of_hidden_symmetric(32)};
  for (std::size_t i = 0; i < jwks.size(); ++i) {
    for (const bool is_remote : {false, true}) {
      for (const JwsAlg alg : all_jws_algs()) {
        const KeyPtr fresh = is_remote ? Key::remote(jwks[i], {}) : Key::local(jwks[i]);
        const bool before = fresh->can_verify(alg);
        fresh->signature_size(alg);  // prepares it
        EXPECT_EQ(fresh->can_verify(alg), before) << i << " " << name(alg) << " " << is_remote;
      }
    }
  }
}

TEST(Key, public_half_verifies_and_does_not_sign) {
  const KeyPtr half = key(test::public_half(test::jwk(test::kRfc7515A3Key)));
  EXPECT_FALSE(half->can_sign(JwsAlg::kEs256));
  std::array<std::uint8_t, 64> out;
  EXPECT_THAT(half->sign(JwsAlg::kEs256, kInput, out.data()), fails("jws_alg_not_allowed"));
  EXPECT_THAT(half->verify(JwsAlg::kEs256, kInput, signed_by(test::ec_key(), JwsAlg::kEs256)),
              is_ok());
}

TEST(Key, remote_key_says_so_and_still_verifies) {
  const KeyPtr remote = Key::remote(test::public_half(test::jwk(test::kRfc7515A2Key)), {});
  EXPECT_TRUE(remote->is_remote());
  EXPECT_TRUE(remote->can_sign(JwsAlg::kRs256));
  EXPECT_EQ(remote->signature_size(JwsAlg::kRs256), 256u);
  Bytes out(256);
  EXPECT_THAT(remote->sign(JwsAlg::kRs256, kInput, out.data()), fails("key_is_remote"));
  EXPECT_THAT(remote->verify(JwsAlg::kRs256, kInput, signed_by(test::rsa_key(), JwsAlg::kRs256)),
              is_ok());
}

TEST(Key, a_mac_key_in_a_box_works_nowhere_else) {
  const Jwk hidden = Jwk::of_hidden_symmetric(48).with_kid("box");
  EXPECT_EQ(hidden.thumbprint(), "");
  EXPECT_FALSE(hidden.private_json().find("k"));
  EXPECT_THAT(hidden.public_json(), fails("jwk_symmetric"));
  const KeyPtr remote = Key::remote(hidden, {JwsAlg::kHs256, JwsAlg::kHs384, JwsAlg::kHs512});
  EXPECT_TRUE(remote->can_sign(JwsAlg::kHs384));
  EXPECT_FALSE(remote->can_sign(JwsAlg::kHs512)) << "48 bytes are too few";
  EXPECT_FALSE(remote->can_sign(JwsAlg::kEs256));
  EXPECT_EQ(remote->signature_size(JwsAlg::kHs256), 32u);
  Bytes out(32);
  EXPECT_THAT(remote->sign(JwsAlg::kHs256, kInput, out.data()), fails("key_is_remote"));
  EXPECT_THAT(remote->verify(JwsAlg::kHs256, kInput, out), fails("key_is_remote"));

  // Without bytes it is not the empty key.
  const KeyPtr local = Key::local(hidden);
  EXPECT_FALSE(local->can_sign(JwsAlg::kHs256));
  EXPECT_FALSE(local->can_verify(JwsAlg::kHs256));
  SystemRandom random;
  for (const JweAlg alg : {JweAlg::kDir, JweAlg::kA256Kw, JweAlg::kPbes2Hs256A128Kw}) {
    const EncryptOptions how{alg, JweEnc::kA256Gcm, {}, 310'000, {}, {}, false};
    EXPECT_FALSE(encrypt_compact(Key::remote(hidden, {}), kInput, how, random).ok()) << name(alg);
  }
}

TEST(PrepareRemoteVerify, asks_a_box_only_for_tokens_that_name_its_key) {
  const KeyPtr local = key(test::symmetric(32).with_kid("box"));
  const std::vector<KeyPtr> keys = {
      Key::remote(Jwk::of_hidden_symmetric(32).with_kid("box"), {JwsAlg::kHs256})};
  const std::string token = test::must(sign_compact(local, JwsAlg::kHs256, as_bytes("payload")));
  VerifyOptions options;
  options.keys = keys;
  EXPECT_THAT(verify_compact(token, options), fails("key_is_remote"));
  const auto prepared = prepare_remote_verify(token, options);
  ASSERT_THAT(prepared, is_ok());
  EXPECT_THAT(local->verify(prepared->alg, prepared->signing_input, prepared->signature), is_ok());
  EXPECT_EQ(prepared->unproven.payload, to_bytes("payload"));

  const KeyPtr nameless = key(test::symmetric(32));
  const std::string without_kid =
      test::must(sign_compact(nameless, JwsAlg::kHs256, as_bytes("payload")));
  EXPECT_THAT(prepare_remote_verify(without_kid, options), fails("jws_kid_unknown"));
  EXPECT_THAT(prepare_remote_verify(token.substr(0, token.size() - 3), options),
              fails("jws_signature_invalid"));
  const std::vector<JwsAlg> other = {JwsAlg::kRs256};
  options.algs = other;
  EXPECT_THAT(prepare_remote_verify(token, options), fails("jws_kid_unknown"));
}

TEST(Key, every_algorithm_signs_what_it_verifies_and_nothing_else) {
  const std::vector<KeyPtr> keys = {
      key(test::symmetric(64)), test::rsa_key(), test::ec_key(),
      key(test::kRfc7515A4Key), test::ed_key(),  key(test::generated(crypto::KeyKind::kEcP384))};
  std::size_t pairs = 0;
  for (const JwsAlg alg : all_jws_algs()) {
    for (const KeyPtr& one : keys) {
      if (!one->can_sign(alg)) continue;
      ++pairs;
      Bytes signature = signed_by(one, alg);
      EXPECT_THAT(one->verify(alg, kInput, signature), is_ok()) << name(alg);
      signature[signature.size() / 2] ^= 1;
      EXPECT_THAT(one->verify(alg, kInput, signature), fails("jws_signature_invalid"));
      signature[signature.size() / 2] ^= 1;
      signature.push_back(0);
      EXPECT_THAT(one->verify(alg, kInput, signature), fails("jws_signature_invalid"));
      EXPECT_THAT(one->verify(alg, kInput, {}), fails("jws_signature_invalid"));
    }
  }
  EXPECT_EQ(pairs, 13u);
}

TEST(Key, many_threads_prepare_one_algorithm_at_once) {
  for (int round = 0; round < 20; ++round) {
    const KeyPtr shared = key(test::kRfc7515A3Key);
    std::vector<std::thread> threads;
    std::atomic<int> good = 0;
    for (int i = 0; i < 4; ++i) {
      threads.emplace_back([&] {
        if (shared->verify(JwsAlg::kEs256, kInput, signed_by(shared, JwsAlg::kEs256)).ok()) ++good;
      });
    }
    for (auto& thread : threads)
      thread.join();
    EXPECT_EQ(good, 4);
  }
}

}  // namespace
}  // namespace signet::jose
