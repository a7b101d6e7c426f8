#include "crypto/digest.h"
#include "crypto/sign.h"
#include "secrets/stores/aws/aws_test_support.h"
#include "secrets/stores/aws/kms_store.h"
#include "secrets/stores/aws/kms_wire.h"
#include "secrets/stores/remote_key.h"
#include "secrets/stores/store_contract.h"

namespace signet::secrets::aws {
namespace {

using crypto::KeyKind;
using jose::JweAlg;
using jose::JwsAlg;

const std::string kMessage = "eyJhbGciOiJFUzI1NiJ9.e30";

/// KMS keys by their aliases, behind the fake AWS.
struct FakeKms {
  struct Key {
    crypto::PrivateKey key;
    std::string spec, usage;
    std::vector<std::string> algorithms;
    std::string state, arn;
  };
  std::map<std::string, Key> keys;
  AwsWorld world;

  FakeKms() {
    world.aws.more = [this](const OutboundRequest&, const std::string& operation,
                            const json::Object& body) { return answer(operation, body); };
  }
  void add(const std::string& alias, KeyKind kind, const std::string& spec,
           const std::string& usage, std::vector<std::string> algorithms) {
    keys.insert_or_assign(alias, Key{crypto::PrivateKey::generate(kind, 2048).value(), spec, usage,
                                     std::move(algorithms), "",
                                     "arn:aws:kms:eu-west-1:1:key/" + std::to_string(keys.size())});
  }
  void add_usual() {
    add("alias/rsa", KeyKind::kRsa, "RSA_2048", "SIGN_VERIFY",
        {"RSASSA_PKCS1_V1_5_SHA_256", "RSASSA_PKCS1_V1_5_SHA_384", "RSASSA_PKCS1_V1_5_SHA_512",
         "RSASSA_PSS_SHA_256", "RSASSA_PSS_SHA_384", "RSASSA_PSS_SHA_512"});
    add("alias/p256", KeyKind::kEcP256, "ECC_NIST_P256", "SIGN_VERIFY", {"ECDSA_SHA_256"});
    add("alias/p384", KeyKind::kEcP384, "ECC_NIST_P384", "SIGN_VERIFY", {"ECDSA_SHA_384"});
    add("alias/p521", KeyKind::kEcP521, "ECC_NIST_P521", "SIGN_VERIFY", {"ECDSA_SHA_512"});
    add("alias/decrypt", KeyKind::kRsa, "RSA_2048", "ENCRYPT_DECRYPT",
        {"RSAES_OAEP_SHA_1", "RSAES_OAEP_SHA_256"});
  }
  std::shared_ptr<Store> store() {
    return std::make_shared<KmsStore>(StoreName("kms"), Seconds(300), world.access());
  }

  std::optional<OutboundResponse> answer(const std::string& operation, const json::Object& body) {
    const std::string name = text_member(body, "KeyId");
    const auto found = std::find_if(keys.begin(), keys.end(), [&](const auto& pair) {
      return pair.first == name || pair.second.arn == name;
    });
    if (found == keys.end()) return refusal(400, "NotFoundException");
    const Key& key = found->second;
    if (!key.state.empty()) return refusal(400, key.state);
    json::Object answer;
    if (operation == "GetPublicKey") {
      json::Array algorithms(key.algorithms.begin(), key.algorithms.end());
      answer.set("KeyId", key.arn);
      answer.set("KeySpec", key.spec);
      answer.set("KeyUsage", key.usage);
      answer.set(key.usage == "SIGN_VERIFY" ? "SigningAlgorithms" : "EncryptionAlgorithms",
                 std::move(algorithms));
      answer.set("PublicKey", base64::encode(key.key.public_key().spki()));
    } else if (operation == "Sign") {
      answer.set("Signature", base64::encode(sign(key, body)));
    } else if (operation == "Decrypt") {
      if (text_member(body, "CiphertextBlob") != base64::encode(as_bytes("wrapped"))) {
        return refusal(400, "InvalidCiphertextException");
      }
      answer.set("Plaintext", base64::encode(as_bytes("content key")));
    } else {
      return std::nullopt;
    }
    return FakeHttpClient::response(200, json::dump(json::Value(answer)));
  }

  static Bytes sign(const Key& key, const json::Object& body) {
    for (const JwsAlg alg : jose::all_jws_algs()) {
      if (kms_name(alg) != text_member(body, "SigningAlgorithm") || jose::is_mac(alg)) continue;
      const std::string name(jose::name(alg));
      EXPECT_EQ(text_member(body, "MessageType"), "RAW");
      EXPECT_EQ(text_member(body, "Message"), base64::encode(as_bytes(kMessage)));
      const Bytes raw =
          crypto::sign(key.key, jose::signature_scheme(alg), as_bytes(kMessage)).value();
      return name.starts_with("ES") ? crypto::ecdsa_raw_to_der(raw).value() : raw;
    }
    ADD_FAILURE() << "an algorithm that KMS does not have";
    return {};
  }
};

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
  kms.add("alias/hmac", KeyKind::kEcP256, "", "", {});
  kms.keys.at("alias/hmac").state = "UnsupportedOperationException";
  EXPECT_THAT(now(kms.store()->fetch(Alias("alias/agree"))), fails("kms_key_unsupported"));
  EXPECT_THAT(now(kms.store()->fetch(Alias("alias/odd"))), fails("kms_key_unsupported"));
  EXPECT_THAT(now(kms.store()->fetch(Alias("alias/hmac"))), fails("kms_operation_unsupported"));
}

TEST(KmsStore, a_disabled_key_is_absent_with_a_warning) {
  FakeKms kms;
  kms.add_usual();
  for (const char* state : {"DisabledException", "KMSInvalidStateException"}) {
    kms.keys.at("alias/rsa").state = state;
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
