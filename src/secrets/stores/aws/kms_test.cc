#include "crypto/digest.h"
#include "secrets/stores/aws/kms_test_support.h"
#include "secrets/stores/aws/kms_wire.h"
#include "secrets/stores/remote_key.h"
#include "secrets/stores/store_contract.h"

namespace signet::secrets::aws {
namespace {

using crypto::KeyKind;
using jose::JweAlg;
using jose::JwsAlg;

const std::string kMessage = "eyJhbGciOiJFUzI1NiJ9.e30";

TEST(KmsStore, passes_the_exam_of_all_stores) {
  FakeKms kms;
  kms.add_usual();
  Exam exam;
  exam.store = kms.store();
  exam.known = Alias("alias/p256");
  exam.unknown = Alias("alias/none");
  exam.canaries = {kSecretKey};
  exam.change = [&] {
    kms.keys.insert_or_assign("alias/p256", kms.keys.at("alias/p384"));
    kms.world.aws.clock->advance(std::chrono::minutes(6));
  };
  const auto later = [&] { kms.world.aws.clock->advance(std::chrono::minutes(6)); };
  exam.breakages = {
      [&] {
        kms.world.aws.next.push_back(FakeHttpClient::response(200, R"({"PublicKey":"AAAA"})"));
        later();
      },
      [&] {
        kms.world.http->answer_with({});
        later();
      },
  };
  pass_exam(exam);
}

TEST(KmsStore, a_key_that_was_not_there_yet_is_looked_for_again_soon) {
  FakeKms kms;
  const auto store = kms.store();
  EXPECT_TRUE(now(store->fetch(Alias("alias/p256")))->empty());
  kms.add_usual();  // by another instance
  EXPECT_TRUE(now(store->fetch(Alias("alias/p256")))->empty()) << "not asked at every call";
  const auto before = now(store->fingerprint());
  kms.world.aws.clock->advance(Seconds(10));
  EXPECT_NE(now(store->fingerprint()).value(), before.value());
  EXPECT_EQ(now(store->fetch(Alias("alias/p256")))->size(), 1U);
}

TEST(KmsStore, what_was_read_is_asked_for_again_where_somebody_wants_it_now) {
  FakeKms kms;
  kms.add_usual();
  const auto store = kms.store();
  const auto kid = [&] { return now(store->fetch(Alias("alias/p256")))->front().kid; };
  const KeyId before = kid();
  const auto stamp = now(store->fingerprint());
  kms.keys.insert_or_assign("alias/p256", kms.keys.at("alias/p384"));
  EXPECT_EQ(kid(), before) << "within reread_seconds";
  store->forget_cached();
  EXPECT_EQ(now(store->fingerprint()).value(), "") << "so that each alias is asked for";
  EXPECT_NE(kid(), before);
  EXPECT_NE(now(store->fingerprint()).value(), "");
  EXPECT_NE(now(store->fingerprint()).value(), stamp.value());
}

TEST(KmsStore, its_settings_are_checked) {
  EXPECT_THAT(try_make("aws_kms", settings(R"({"create_keys":true,"reread_seconds":1})")), is_ok());
  EXPECT_THAT(try_make("aws_kms", settings(R"({"create_keys":"yes"})")),
              fails("store_settings_invalid"));
}

TEST(KmsStore, signs_every_algorithm_that_a_key_has) {
  FakeKms kms;
  kms.add_usual();
  const auto store = kms.store();
  int signed_with = 0;
  for (const char* alias : {"alias/rsa", "alias/p256", "alias/p384", "alias/p521"}) {
    const auto secrets = now(store->fetch(Alias(alias)));
    ASSERT_THAT(secrets, is_ok());
    const Secret& secret = secrets->front();
    EXPECT_EQ(secret.kind, SecretKind::kRemoteKey);
    EXPECT_TRUE(secret.key->is_remote());
    for (const JwsAlg alg : jose::all_jws_algs()) {
      auto made = now(secret.remote->sign(alg, to_bytes(kMessage)));
      if (!secret.key->can_verify(alg)) {
        EXPECT_THAT(made, fails("remote_operation_unsupported")) << jose::name(alg);
        continue;
      }
      ASSERT_THAT(made, is_ok()) << jose::name(alg);
      EXPECT_THAT(secret.key->verify(alg, as_bytes(kMessage), *made), is_ok()) << jose::name(alg);
      ++signed_with;
    }
  }
  EXPECT_EQ(signed_with, 9);
}

TEST(KmsStore, numbers_with_leading_zeros_keep_their_width) {
  FakeKms kms;
  kms.add_usual();
  const auto secrets = now(kms.store()->fetch(Alias("alias/p256")));
  ASSERT_THAT(secrets, is_ok());
  for (int i = 0; i < 300; ++i) {
    const auto made = now(secrets->front().remote->sign(JwsAlg::kEs256, to_bytes(kMessage)));
    ASSERT_EQ(made->size(), 64U);
    ASSERT_THAT(secrets->front().key->verify(JwsAlg::kEs256, as_bytes(kMessage), *made), is_ok());
  }
}

TEST(KmsStore, decrypts_content_keys_and_tells_nothing_of_forged_ones) {
  FakeKms kms;
  kms.add_usual();
  const auto secrets = now(kms.store()->fetch(Alias("alias/decrypt")));
  ASSERT_THAT(secrets, is_ok());
  const Secret& secret = secrets->front();
  EXPECT_FALSE(secret.key->can_verify(JwsAlg::kRs256)) << "it signs nothing";
  for (const JweAlg alg : {JweAlg::kRsaOaep, JweAlg::kRsaOaep256}) {
    const auto key = now(secret.remote->unwrap(alg, to_bytes("wrapped")));
    ASSERT_THAT(key, is_ok());
    EXPECT_EQ(as_text(key->view()), "content key");
    EXPECT_THAT(now(secret.remote->unwrap(alg, to_bytes("forged"))), fails("jwe_decrypt_failed"));
  }
  EXPECT_THAT(now(secret.remote->unwrap(JweAlg::kRsa15, to_bytes("wrapped"))),
              fails("remote_operation_unsupported"));
  EXPECT_THAT(now(secret.remote->sign(JwsAlg::kRs256, to_bytes(kMessage))),
              fails("remote_operation_unsupported"));
}

TEST(KmsStore, keys_that_jose_does_not_have_are_refused) {
  FakeKms kms;
  kms.add("alias/agree", KeyKind::kEcP256, "ECC_NIST_P256", "KEY_AGREEMENT", {"ECDH"});
  kms.add("alias/odd", KeyKind::kEcP256, "ECC_SECG_P256K1", "SIGN_VERIFY", {"ECDSA_SHA_384"});
  kms.add_mac("alias/aes", "SYMMETRIC_DEFAULT");
  kms.add_mac("alias/short", "HMAC_224");
  for (const char* alias : {"alias/agree", "alias/odd", "alias/aes", "alias/short"}) {
    EXPECT_THAT(now(kms.store()->fetch(Alias(alias))), fails("kms_key_unsupported")) << alias;
  }
}

TEST(KmsStore, mac_keys_serve_the_one_algorithm_of_their_spec) {
  FakeKms kms;
  const SecretId hmac = SecretId::literal("am.services.oauth2.stateless.signing.HMAC");
  int served = 0;
  for (const auto& [spec, alg, size] : std::vector<std::tuple<const char*, JwsAlg, std::size_t>>{
           {"HMAC_256", JwsAlg::kHs256, 32},
           {"HMAC_384", JwsAlg::kHs384, 48},
           {"HMAC_512", JwsAlg::kHs512, 64}}) {
    kms.add_mac("alias/mac", spec);
    const auto secrets = now(kms.store()->fetch(Alias("alias/mac")));
    ASSERT_THAT(secrets, is_ok()) << spec;
    const Secret& secret = secrets->front();
    EXPECT_THAT(check_fits(hmac, secret), is_ok()) << spec;
    EXPECT_EQ(signing_algorithms(hmac, secret), std::vector{alg});
    EXPECT_EQ(secret.key->jwk().symmetric_size(), size);
    EXPECT_EQ(secret.kid.view().find(kms.arn_of("alias/mac")), std::string_view::npos);
    for (const JwsAlg other : jose::all_jws_algs()) {
      const auto mac = now(secret.remote->sign(other, to_bytes(kMessage)));
      if (other != alg) {
        EXPECT_THAT(mac, fails("remote_operation_unsupported"));
        continue;
      }
      ASSERT_THAT(mac, is_ok());
      EXPECT_EQ(mac->size(), size);
      EXPECT_THAT(now(secret.remote->verify(alg, to_bytes(kMessage), *mac)), is_ok());
      ++served;
    }
  }
  EXPECT_EQ(served, 3);
}

TEST(KmsStore, a_mac_that_kms_calls_wrong_is_a_wrong_signature) {
  FakeKms kms;
  kms.add_mac("alias/mac", "HMAC_256");
  const auto secrets = now(kms.store()->fetch(Alias("alias/mac")));
  ASSERT_THAT(secrets, is_ok());
  const auto verify = [&](std::size_t size, const Bytes& input) {
    return now(secrets->front().remote->verify(JwsAlg::kHs256, input, Bytes(size, 7)));
  };
  EXPECT_THAT(verify(32, to_bytes(kMessage)), fails("jws_signature_invalid"));
  EXPECT_EQ(kms.calls["VerifyMac"], 1);
  EXPECT_THAT(verify(31, to_bytes(kMessage)), fails("jws_signature_invalid"));
  EXPECT_THAT(verify(32, Bytes(4097, 'x')), fails("jws_signature_invalid"));
  EXPECT_EQ(kms.calls["VerifyMac"], 1) << "that is known without a call";
  kms.exceptions["VerifyMac"] = "AccessDeniedException";
  EXPECT_THAT(verify(32, to_bytes(kMessage)), fails("aws_access_denied"));
}

TEST(KmsStore, a_mac_of_a_long_message_is_refused_and_not_shortened) {
  FakeKms kms;
  kms.add_mac("alias/mac", "HMAC_256");
  const auto secrets = now(kms.store()->fetch(Alias("alias/mac")));
  ASSERT_THAT(secrets, is_ok());
  EXPECT_THAT(now(secrets->front().remote->sign(JwsAlg::kHs256, Bytes(4097, 'x'))),
              fails("kms_message_too_long"));
  kms.world.aws.next.push_back(FakeHttpClient::response(200, R"({"Mac":"AAAA"})"));
  EXPECT_THAT(now(secrets->front().remote->sign(JwsAlg::kHs256, to_bytes(kMessage))),
              fails("aws_answer_malformed"));
}

TEST(KmsStore, a_mac_key_that_is_no_longer_enabled_is_absent_with_a_warning) {
  FakeKms kms;
  kms.add_mac("alias/mac", "HMAC_256");
  kms.keys.at("alias/mac").state = "PendingDeletion";
  const auto store = kms.store();
  const auto secrets = now(store->fetch(Alias("alias/mac")));
  ASSERT_THAT(secrets, is_ok());
  EXPECT_TRUE(secrets->empty());
  EXPECT_EQ(store->warnings().size(), 1U);
}

TEST(KmsStore, a_key_that_decrypts_fits_the_ids_that_want_one) {
  FakeKms kms;
  kms.add_usual();
  const auto secrets = now(kms.store()->fetch(Alias("alias/decrypt")));
  ASSERT_THAT(secrets, is_ok());
  const SecretId decryption = SecretId::literal("am.services.oauth2.oidc.decryption.RSA.OAEP.256");
  const SecretId signing = SecretId::literal("am.services.oauth2.stateless.signing.RSA");
  EXPECT_THAT(check_fits(decryption, secrets->front()), is_ok());
  EXPECT_FALSE(check_fits(signing, secrets->front()).ok());
  const auto signs = now(kms.store()->fetch(Alias("alias/rsa")));
  ASSERT_THAT(signs, is_ok());
  EXPECT_FALSE(check_fits(decryption, signs->front()).ok());
}

TEST(KmsStore, a_disabled_key_is_absent_with_a_warning) {
  FakeKms kms;
  kms.add_usual();
  for (const char* state : {"DisabledException", "KMSInvalidStateException"}) {
    kms.keys.at("alias/rsa").refusal = state;
    const auto store = kms.store();
    const auto secrets = now(store->fetch(Alias("alias/rsa")));
    ASSERT_THAT(secrets, is_ok());
    EXPECT_TRUE(secrets->empty());
    EXPECT_EQ(store->warnings().size(), 1U);
  }
}

TEST(KmsStore, signing_failures_say_whose_move_it_is) {
  FakeKms kms;
  kms.add_usual();
  const auto secrets = now(kms.store()->fetch(Alias("alias/p256")));
  const auto sign = [&] {
    return now(secrets->front().remote->sign(JwsAlg::kEs256, to_bytes(kMessage)));
  };
  kms.world.aws.next.push_back(refusal(400, "AccessDeniedException"));
  EXPECT_THAT(sign(), fails_with_code(Code::kDenied));
  kms.world.aws.next.push_back(refusal(400, "ThrottlingException"));
  EXPECT_THAT(sign(), is_ok());
  for (int i = 0; i < 3; ++i)
    kms.world.aws.next.push_back(refusal(500, "KMSInternalException"));
  EXPECT_THAT(sign(), fails("aws_unavailable"));
  kms.world.aws.next.push_back(FakeHttpClient::response(200, R"({"Signature":"AAAA"})"));
  EXPECT_THAT(sign(), fails("aws_answer_malformed"));
}

TEST(KmsWire, a_long_message_goes_as_its_digest) {
  const Bytes longest(4096, 'x');
  EXPECT_EQ(text_member(*sign_request("k", JwsAlg::kEs384, longest), "MessageType"), "RAW");
  const Bytes longer(4097, 'x');
  const auto body = sign_request("k", JwsAlg::kEs384, longer);
  EXPECT_EQ(text_member(*body, "MessageType"), "DIGEST");
  EXPECT_EQ(text_member(*body, "Message"),
            base64::encode(crypto::digest(crypto::Hash::kSha384, longer)));
}

TEST(KmsWire, ed25519_takes_the_message_itself_up_to_its_limit) {
  const auto body = sign_request("k", JwsAlg::kEdDsa, as_bytes("input"));
  ASSERT_THAT(body, is_ok());
  EXPECT_EQ(text_member(*body, "MessageType"), "RAW");
  EXPECT_EQ(text_member(*body, "SigningAlgorithm"), "ED25519_SHA_512");
  EXPECT_EQ(text_member(*body, "Message"), base64::encode(as_bytes("input")));
  EXPECT_THAT(sign_request("k", JwsAlg::kEdDsa, Bytes(4097, 1)), fails("kms_message_too_long"));
  EXPECT_THAT(sign_request("k", JwsAlg::kHs256, as_bytes("x")),
              fails("remote_operation_unsupported"));
}

}  // namespace
}  // namespace signet::secrets::aws
