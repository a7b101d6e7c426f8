#include "secrets/stores/aws/kms_store.h"

#include <algorithm>

#include "base/base64.h"
#include "base/text.h"
#include "secrets/stores/aws/kms_wire.h"
#include "secrets/stores/aws/store_types.h"
#include "secrets/stores/aws/wire.h"
#include "secrets/stores/remote_key.h"

namespace signet::secrets::aws {
namespace {

// A key that nobody has: asking for it shows that AWS answers and knows who asks.
constexpr const char* kProbedKey = "alias/signet-is-there-anybody";

/// The key is named by its ARN, so that an alias that moves cannot make it sign as another key.
class RemoteKmsKey : public RemoteKey {
 public:
  RemoteKmsKey(std::shared_ptr<Client> client, KmsKey key)
      : client_(std::move(client)), key_(std::move(key)) {}

  Task<Bytes> sign(jose::JwsAlg alg, Bytes signing_input) const override {
    if (std::find(key_.signs.begin(), key_.signs.end(), alg) == key_.signs.end()) {
      co_return unsupported("sign with " + std::string(jose::name(alg)));
    }
    CO_TRY(json::Object body, sign_request(key_.arn, alg, signing_input));
    CO_TRY(const json::Object answer, co_await client_->call("Sign", std::move(body)));
    co_return parse_signature(answer, alg);
  }

  Task<SecretBytes> unwrap(jose::JweAlg alg, Bytes encrypted_key) const override {
    if (std::find(key_.unwraps.begin(), key_.unwraps.end(), alg) == key_.unwraps.end()) {
      co_return unsupported("decrypt with " + std::string(jose::name(alg)));
    }
    json::Object body;
    body.set("KeyId", key_.arn);
    body.set("EncryptionAlgorithm", kms_name(alg));
    body.set("CiphertextBlob", base64::encode(encrypted_key));
    auto answer = co_await client_->call("Decrypt", std::move(body));
    if (!answer) {
      Error error = std::move(answer).error();
      // Words of AWS about a forged ciphertext are for nobody.
      const bool is_about_bytes =
          error.is("kms_ciphertext_invalid") || error.is("aws_request_refused");
      if (is_about_bytes) {
        co_return Error{Code::kDenied, "jwe_decrypt_failed", "AWS KMS did not decrypt the key"};
      }
      co_return error;
    }
    const SecretBytes plain = take_secret(*answer, "Plaintext");
    auto bytes = base64::decode(as_text(plain.view()));
    if (plain.empty() || !bytes) {
      co_return Error{Code::kUnavailable, "aws_answer_malformed",
                      "Decrypt: the answer holds no plaintext"};
    }
    co_return std::move(bytes).value();
  }

 private:
  Error unsupported(const std::string& what) const {
    return Error{Code::kUnsupported, "remote_operation_unsupported",
                 "the key " + quoted(key_.arn, 256) + " of AWS KMS does not " + what};
  }

  std::shared_ptr<Client> client_;
  KmsKey key_;
};

}  // namespace

KmsStore::KmsStore(StoreName name, Seconds reread, AccessPtr access)
    : RereadStore(std::move(name), "AWS KMS", reread, access),
      client_(std::make_shared<Client>(kKms, std::move(access))) {}

Error KmsStore::told(const Alias& alias, Error error) const {
  error.detail = "store " + quoted(name().view()) + ", AWS KMS key " + quoted(alias.view(), 256) +
                 ": " + error.detail;
  if (error.is("aws_access_denied")) {
    error.detail +=
        "; missing is the right kms:GetPublicKey on this key, or there is no such alias";
  }
  return error;
}

Task<KmsStore::Reading> KmsStore::read(Alias alias) {
  Reading reading;
  json::Object arguments;
  arguments.set("KeyId", alias.str());
  auto answer = co_await client_->call("GetPublicKey", std::move(arguments));
  if (!answer && answer.error().is("kms_key_disabled")) {
    reading.stamp = "disabled";
    reading.warnings.push_back(told(alias, std::move(answer).error()).detail +
                               " (it is taken as absent until it is enabled)");
  } else if (answer) {
    CO_TRY(KmsKey key, parse_public_key(*answer));
    reading.stamp = key.arn;
    // Without it, a key that only decrypts would pass for one that signs.
    const jose::KeyUse use = key.decrypts ? jose::KeyUse::kEnc : jose::KeyUse::kSig;
    jose::Jwk jwk = jose::Jwk::from_public(key.public_key).with_use(use);
    std::vector<jose::JwsAlg> allowed = key.signs;
    auto remote = std::make_shared<const RemoteKmsKey>(client_, std::move(key));
    Secret secret = Secret::of_remote_key(std::move(jwk), std::move(allowed), std::move(remote));
    reading.secrets.push_back(std::move(secret));
  } else if (!answer.error().is("aws_not_found")) {
    co_return std::move(answer).error();
  }
  co_return reading;
}

Task<Done> KmsStore::probe() {
  json::Object arguments;
  arguments.set("KeyId", kProbedKey);
  auto answer = co_await client_->call("GetPublicKey", std::move(arguments));
  if (answer || answer.error().is("aws_not_found") || answer.error().is("aws_access_denied")) {
    co_return Done{};
  }
  co_return in_this_store(std::move(answer).error());
}

namespace {

SettingNames kms_settings() {
  SettingNames names = {
      {"reread_seconds", "how often AWS is asked whether a key changed; default 300"},
  };
  const SettingNames more = access_settings();
  names.insert(names.end(), more.begin(), more.end());
  return names;
}

}  // namespace

StoreType kms_store_type() {
  StoreType type;
  type.name = "aws_kms";
  type.ordering = Ordering::kByMapping;
  type.summary = "Keys in AWS KMS, which sign and decrypt there and never leave.";
  type.settings = kms_settings();
  type.make = [](StoreName name, const json::Object& settings,
                 StoreContext context) -> Result<std::shared_ptr<Store>> {
    constexpr std::int64_t kDay = 86'400;
    constexpr std::int64_t kUsual = 300;
    const SettingNames known = kms_settings();
    SettingsReader reader(name, settings, known);
    const Seconds reread(reader.number("reread_seconds", kUsual, 1, kDay));
    const AccessSettings access_settings = read_access_settings(reader);
    TRY(reader.done());
    auto access =
        std::make_shared<const Access>(Access{access_settings, std::move(context), async::pause});
    return std::shared_ptr<Store>(
        std::make_shared<KmsStore>(std::move(name), reread, std::move(access)));
  };
  return type;
}

}  // namespace signet::secrets::aws
