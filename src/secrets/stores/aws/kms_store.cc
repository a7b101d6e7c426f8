#include "secrets/stores/aws/kms_store.h"

#include <algorithm>

#include "base/base64.h"
#include "base/text.h"
#include "crypto/digest.h"
#include "secrets/stores/aws/kms_wire.h"
#include "secrets/stores/aws/store_types.h"
#include "secrets/stores/aws/wire.h"
#include "secrets/stores/remote_key.h"

namespace signet::secrets::aws {
namespace {

// A key that nobody has: asking for it shows that AWS answers and knows who asks.
constexpr const char* kProbedKey = "alias/signet-is-there-anybody";
constexpr std::size_t kMostKeyReadings = 1024;

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
    : name_(std::move(name)),
      reread_(reread),
      access_(access),
      client_(std::make_shared<Client>(kKms, std::move(access))) {}

Error KmsStore::told(const Alias& alias, Error error) const {
  error.detail = "store " + quoted(name_.view()) + ", AWS KMS key " + quoted(alias.view(), 256) +
                 ": " + error.detail;
  if (error.is("aws_access_denied")) {
    error.detail +=
        "; missing is the right kms:GetPublicKey on this key, or there is no such alias";
  }
  return error;
}

Task<std::vector<Secret>> KmsStore::fetch(Alias alias) {
  CO_TRY(const ReadingPtr reading, co_await current(std::move(alias)));
  co_return reading->secrets;
}

Task<KmsStore::ReadingPtr> KmsStore::current(Alias alias) {
  {
    const std::lock_guard lock(mutex_);
    const Instant now = access_->context.clock->now();
    const auto found = readings_.find(alias);
    if (found != readings_.end() && now >= found->second->read_at &&
        now - found->second->read_at < reread_) {
      co_return found->second;
    }
  }
  auto read_now = co_await read(alias);
  if (!read_now) co_return told(alias, std::move(read_now).error());
  const std::lock_guard lock(mutex_);
  if (readings_.size() < kMostKeyReadings || readings_.contains(alias))
    readings_[alias] = *read_now;
  co_return read_now;
}

Task<KmsStore::ReadingPtr> KmsStore::read(Alias alias) {
  auto reading = std::make_shared<Reading>();
  reading->read_at = access_->context.clock->now();
  std::vector<std::string> warnings;
  json::Object arguments;
  arguments.set("KeyId", alias.str());
  auto answer = co_await client_->call("GetPublicKey", std::move(arguments));
  if (!answer && answer.error().is("kms_key_disabled")) {
    reading->stamp = "disabled";
    warnings.push_back(told(alias, std::move(answer).error()).detail +
                       " (it is taken as absent until it is enabled)");
  } else if (answer) {
    CO_TRY(KmsKey key, parse_public_key(*answer));
    reading->stamp = key.arn;
    // Without it, a key that only decrypts would pass for one that signs.
    const jose::KeyUse use = key.decrypts ? jose::KeyUse::kEnc : jose::KeyUse::kSig;
    jose::Jwk jwk = jose::Jwk::from_public(key.public_key).with_use(use);
    std::vector<jose::JwsAlg> allowed = key.signs;
    auto remote = std::make_shared<const RemoteKmsKey>(client_, std::move(key));
    Secret secret = Secret::of_remote_key(std::move(jwk), std::move(allowed), std::move(remote));
    secret.alias = alias;
    secret.store = name_;
    reading->secrets.push_back(std::move(secret));
  } else if (!answer.error().is("aws_not_found")) {
    co_return std::move(answer).error();
  }
  warnings_.set(alias.str(), std::move(warnings));
  co_return ReadingPtr(std::move(reading));
}

Task<std::vector<Alias>> KmsStore::aliases() {
  co_return Error{Code::kUnsupported, "aliases_unsupported",
                  "store " + quoted(name_.view()) +
                      ": AWS KMS is not asked for a list, which needs a right of its own"};
}

Task<std::string> KmsStore::fingerprint() {
  std::vector<Alias> known;
  {
    const std::lock_guard lock(mutex_);
    for (const auto& [alias, reading] : readings_)
      known.push_back(alias);
  }
  std::string all;
  for (const Alias& alias : known) {
    CO_TRY(const ReadingPtr reading, co_await current(alias));
    all += alias.str() + "=" + reading->stamp + "\n";
  }
  co_return all.empty() ? all : hex(crypto::sha256(as_bytes(all)));
}

Task<Done> KmsStore::probe() {
  json::Object arguments;
  arguments.set("KeyId", kProbedKey);
  auto answer = co_await client_->call("GetPublicKey", std::move(arguments));
  if (answer || answer.error().is("aws_not_found") || answer.error().is("aws_access_denied")) {
    co_return Done{};
  }
  Error error = std::move(answer).error();
  error.detail = "store " + quoted(name_.view()) + ": " + error.detail;
  co_return error;
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
