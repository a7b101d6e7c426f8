#include "secrets/stores/aws/kms_test_support.h"

#include "crypto/digest.h"
#include "crypto/sign.h"
#include "secrets/stores/aws/kms_wire.h"

namespace signet::secrets::aws {
namespace {

using crypto::KeyKind;
using jose::JwsAlg;

OutboundResponse answered(json::Object object) {
  return FakeHttpClient::response(200, json::dump(json::Value(std::move(object))));
}

std::string sign_raw(const crypto::PrivateKey& key, const json::Object& body) {
  for (const JwsAlg alg : jose::all_jws_algs()) {
    if (jose::is_mac(alg) || kms_name(alg) != text_member(body, "SigningAlgorithm")) continue;
    EXPECT_EQ(text_member(body, "MessageType"), "RAW");
    const auto message = base64::decode(text_member(body, "Message"));
    EXPECT_TRUE(message);
    const Bytes raw = crypto::sign(key, jose::signature_scheme(alg), message->view()).value();
    const bool is_ecdsa = jose::name(alg).starts_with("ES");
    return base64::encode(is_ecdsa ? crypto::ecdsa_raw_to_der(raw).value() : raw);
  }
  ADD_FAILURE() << "an algorithm that KMS does not have";
  return {};
}

}  // namespace

std::string fake_mac(const std::string& message, const std::string& algorithm) {
  const crypto::Hash hash = algorithm == "HMAC_SHA_256"   ? crypto::Hash::kSha256
                            : algorithm == "HMAC_SHA_384" ? crypto::Hash::kSha384
                                                          : crypto::Hash::kSha512;
  return base64::encode(crypto::digest(hash, as_bytes("a key in KMS " + message)));
}

FakeKms::FakeKms() {
  world.aws.more = [this](const OutboundRequest&, const std::string& operation,
                          const json::Object& body) { return answer(operation, body); };
}
FakeKms::~FakeKms() = default;

void FakeKms::add(const std::string& alias, KeyKind kind, const std::string& spec,
                  const std::string& usage, std::vector<std::string> algorithms) {
  Key key;
  key.pair = crypto::PrivateKey::generate(kind, 2048).value();
  key.spec = spec;
  key.usage = usage;
  key.algorithms = std::move(algorithms);
  key.arn = "arn:aws:kms:eu-west-1:1:key/" + std::to_string(made_++);
  keys.insert_or_assign(alias, std::move(key));
}

void FakeKms::add_mac(const std::string& alias, const std::string& spec) {
  keys.insert_or_assign(alias, made(spec, "GENERATE_VERIFY_MAC"));
}

void FakeKms::add_usual() {
  add("alias/rsa", KeyKind::kRsa, "RSA_2048", "SIGN_VERIFY",
      {"RSASSA_PKCS1_V1_5_SHA_256", "RSASSA_PKCS1_V1_5_SHA_384", "RSASSA_PKCS1_V1_5_SHA_512",
       "RSASSA_PSS_SHA_256", "RSASSA_PSS_SHA_384", "RSASSA_PSS_SHA_512"});
  add("alias/p256", KeyKind::kEcP256, "ECC_NIST_P256", "SIGN_VERIFY", {"ECDSA_SHA_256"});
  add("alias/p384", KeyKind::kEcP384, "ECC_NIST_P384", "SIGN_VERIFY", {"ECDSA_SHA_384"});
  add("alias/p521", KeyKind::kEcP521, "ECC_NIST_P521", "SIGN_VERIFY", {"ECDSA_SHA_512"});
  add("alias/decrypt", KeyKind::kRsa, "RSA_2048", "ENCRYPT_DECRYPT",
      {"RSAES_OAEP_SHA_1", "RSAES_OAEP_SHA_256"});
}

std::shared_ptr<KmsStore> FakeKms::store(bool creates_keys) {
  return std::make_shared<KmsStore>(StoreName("kms"), Seconds(300), world.access(), creates_keys);
}

std::optional<OutboundResponse> FakeKms::answer(const std::string& operation,
                                                const json::Object& body) {
  ++calls[operation];
  if (exceptions.contains(operation)) return refusal(400, exceptions.at(operation));
  OutboundResponse response = done(operation, body);
  if (lost.contains(operation)) return FakeHttpClient::response(503, "lost");
  return response;
}

OutboundResponse FakeKms::done(const std::string& operation, const json::Object& body) {
  if (operation == "CreateKey") return create_key(body);
  if (operation == "CreateAlias") return create_alias(body);
  if (operation == "ScheduleKeyDeletion") {
    EXPECT_EQ(body.find("PendingWindowInDays")->if_int(), 7);
    scheduled.push_back(text_member(body, "KeyId"));
    return answered({});
  }
  const std::string name = text_member(body, "KeyId");
  const auto found = std::find_if(keys.begin(), keys.end(), [&](const auto& pair) {
    return pair.first == name || pair.second.arn == name;
  });
  if (found == keys.end()) return refusal(400, "NotFoundException");
  if (!found->second.refusal.empty()) return refusal(400, found->second.refusal);
  return use(operation, body, found->second);
}

OutboundResponse FakeKms::use(const std::string& operation, const json::Object& body,
                              const Key& key) {
  json::Object out;
  if (operation == "DescribeKey") {
    json::Object metadata;
    metadata.set("Arn", key.arn);
    metadata.set("KeySpec", key.spec);
    metadata.set("KeyUsage", key.usage);
    metadata.set("KeyState", key.state);
    out.set("KeyMetadata", std::move(metadata));
  } else if (operation == "GetPublicKey" && key.pair) {
    json::Array algorithms(key.algorithms.begin(), key.algorithms.end());
    out.set("KeyId", key.arn);
    out.set("KeySpec", key.spec);
    out.set("KeyUsage", key.usage);
    out.set(key.usage == "SIGN_VERIFY" ? "SigningAlgorithms" : "EncryptionAlgorithms",
            std::move(algorithms));
    out.set("PublicKey", base64::encode(key.pair->public_key().spki()));
  } else if (operation == "Sign" && key.pair) {
    out.set("Signature", sign_raw(*key.pair, body));
  } else if (operation == "Decrypt") {
    if (text_member(body, "CiphertextBlob") != base64::encode(as_bytes("wrapped"))) {
      return refusal(400, "InvalidCiphertextException");
    }
    out.set("Plaintext", base64::encode(as_bytes("content key")));
  } else if ((operation == "GenerateMac" || operation == "VerifyMac") && !key.pair) {
    const std::string algorithm = text_member(body, "MacAlgorithm");
    const std::string mac = fake_mac(text_member(body, "Message"), algorithm);
    if (algorithm != "HMAC_SHA_" + key.spec.substr(key.spec.find('_') + 1)) {
      return refusal(400, "InvalidKeyUsageException");
    }
    if (operation == "GenerateMac") {
      out.set("Mac", mac);
    } else if (text_member(body, "Mac") == mac) {
      out.set("MacValid", true);
    } else {
      return refusal(400, "KMSInvalidMacException");
    }
  } else {
    return refusal(400, "UnsupportedOperationException");
  }
  return answered(std::move(out));
}

FakeKms::Key FakeKms::made(const std::string& spec, const std::string& usage) {
  Key key;
  key.spec = spec;
  key.usage = usage;
  key.arn = "arn:aws:kms:eu-west-1:1:key/" + std::to_string(made_++);
  const bool decrypts = usage == "ENCRYPT_DECRYPT";
  if (spec.starts_with("RSA_")) {
    key.pair = crypto::PrivateKey::generate(KeyKind::kRsa, 2048).value();
    key.algorithms = {decrypts ? "RSAES_OAEP_SHA_256" : "RSASSA_PSS_SHA_256"};
  } else if (spec == "ECC_NIST_P256") {
    key.pair = crypto::PrivateKey::generate(KeyKind::kEcP256).value();
    key.algorithms = {"ECDSA_SHA_256"};
  } else {
    EXPECT_EQ(usage, "GENERATE_VERIFY_MAC");
  }
  return key;
}

OutboundResponse FakeKms::create_key(const json::Object& body) {
  Key key = made(text_member(body, "KeySpec"), text_member(body, "KeyUsage"));
  nameless[key.arn] = text_member(body, "Description");
  json::Object metadata;
  metadata.set("Arn", key.arn);
  nameless_keys_.insert_or_assign(key.arn, std::move(key));
  json::Object out;
  out.set("KeyMetadata", std::move(metadata));
  return answered(std::move(out));
}

OutboundResponse FakeKms::create_alias(const json::Object& body) {
  const std::string alias = text_member(body, "AliasName");
  const std::string target = text_member(body, "TargetKeyId");
  if (keys.contains(alias)) return refusal(400, "AlreadyExistsException");
  if (!nameless.contains(target)) return refusal(400, "NotFoundException");
  keys.insert_or_assign(alias, nameless_keys_.at(target));
  nameless.erase(target);
  return FakeHttpClient::response(200, "");
}

}  // namespace signet::secrets::aws
