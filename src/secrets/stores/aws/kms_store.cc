#include "secrets/stores/aws/kms_store.h"

#include "base/base64.h"
#include "base/text.h"
#include "crypto/digest.h"
#include "secrets/stores/aws/kms_key.h"
#include "secrets/stores/aws/store_types.h"
#include "secrets/stores/aws/wire.h"

namespace signet::secrets::aws {
namespace {

// A key that nobody has: asking for it shows that AWS answers and knows who asks.
constexpr const char* kProbedKey = "alias/signet-is-there-anybody";

/// Tells nothing of the key: an ARN is never another key's.
KeyId kid_of_mac(const KmsMacKey& key) {
  constexpr std::size_t kBytes = 12;
  const auto digest =
      crypto::sha256(as_bytes("signet: kid of a MAC key in AWS KMS, 1\n" + key.arn));
  return KeyId(base64::url_encode(ByteView(digest).first(kBytes)));
}

bool is_usable(std::string_view state) {
  return state == "Enabled" || state == "Updating";
}

}  // namespace

KmsStore::KmsStore(StoreName name, Seconds reread, AccessPtr access, bool creates_keys)
    : RereadStore(std::move(name), "AWS KMS", reread, access),
      client_(std::make_shared<Client>(kKms, access)),
      maker_(client_, std::move(access)),
      creates_keys_(creates_keys) {}

Error KmsStore::told(const Alias& alias, Error error) const {
  error.detail = "store " + quoted(name().view()) + ", AWS KMS key " + quoted(alias.view(), 256) +
                 ": " + error.detail;
  if (error.is("aws_access_denied")) {
    error.detail +=
        "; missing is the right kms:GetPublicKey on this key (kms:DescribeKey as well for a MAC "
        "key), or there is no such alias";
  }
  return error;
}

Task<KmsStore::Reading> KmsStore::read(Alias alias) {
  co_return co_await read_key(alias, alias.str());
}

KmsStore::Reading KmsStore::absent(const Alias& alias, Error why) const {
  Reading reading;
  reading.stamp = "disabled";
  reading.warnings.push_back(told(alias, std::move(why)).detail +
                             " (it is taken as absent until it is enabled)");
  return reading;
}

Task<KmsStore::Reading> KmsStore::read_key(Alias alias, std::string key) {
  Reading reading;
  json::Object arguments;
  arguments.set("KeyId", key);
  auto answer = co_await client_->call("GetPublicKey", std::move(arguments));
  if (!answer) {
    Error error = std::move(answer).error();
    if (error.is("aws_not_found")) co_return reading;
    if (error.is("kms_key_disabled")) co_return absent(alias, std::move(error));
    // A MAC key has no public half; what has none either and is no MAC key is refused there.
    if (error.is("kms_operation_unsupported")) co_return co_await read_mac(alias, std::move(key));
    co_return error;
  }
  if (is_about_mac(*answer)) co_return co_await read_mac(alias, std::move(key));
  CO_TRY(KmsKey pair, parse_public_key(*answer));
  reading.stamp = pair.arn;
  // Without it, a key that only decrypts would pass for one that signs.
  const jose::KeyUse use = pair.decrypts ? jose::KeyUse::kEnc : jose::KeyUse::kSig;
  jose::Jwk jwk = jose::Jwk::from_public(pair.public_key).with_use(use);
  std::vector<jose::JwsAlg> allowed = pair.signs;
  std::vector<jose::JweAlg> unwraps = pair.unwraps;
  auto remote = std::make_shared<const KmsPairKey>(client_, std::move(pair));
  Secret secret = Secret::of_remote_key(std::move(jwk), std::move(allowed), std::move(remote));
  secret.unwraps = std::move(unwraps);
  reading.secrets.push_back(std::move(secret));
  co_return reading;
}

Task<KmsStore::Reading> KmsStore::read_mac(Alias alias, std::string key) {
  Reading reading;
  json::Object arguments;
  arguments.set("KeyId", key);
  auto answer = co_await client_->call("DescribeKey", std::move(arguments));
  if (!answer && answer.error().is("aws_not_found")) co_return reading;
  if (!answer) co_return std::move(answer).error();
  CO_TRY(KmsMacKey mac, parse_mac_key(*answer));
  if (!is_usable(mac.state)) {
    Error why{Code::kConfig, "kms_key_disabled", "its state is " + quoted(mac.state)};
    co_return absent(alias, std::move(why));
  }
  reading.stamp = mac.arn;
  const std::size_t size = crypto::hash_size(jose::mac_hash(mac.alg));
  jose::Jwk hidden = jose::Jwk::of_hidden_symmetric(size).with_use(jose::KeyUse::kSig);
  std::vector<jose::JwsAlg> allowed(1, mac.alg);
  KeyId kid = kid_of_mac(mac);
  auto remote = std::make_shared<const KmsMac>(client_, std::move(mac));
  reading.secrets.push_back(Secret::of_remote_key(std::move(hidden), std::move(allowed),
                                                  std::move(remote), std::move(kid)));
  co_return reading;
}

Status KmsStore::may_make_keys() const {
  if (creates_keys_) return Done{};
  return Error{
      Code::kUnsupported, "store_makes_no_keys",
      "store " + quoted(name().view()) + " makes keys only if its setting create_keys is true"};
}

Task<Secret> KmsStore::make_key(Alias alias, crypto::KeyKind kind, std::size_t bits) {
  CO_TRY(const KmsOrder order, order_of_pair(kind, bits, false));
  co_return co_await make(std::move(alias), order);
}

Task<Secret> KmsStore::make_like(Alias alias, Secret model) {
  const jose::Jwk* jwk = model.key ? &model.key->jwk() : nullptr;
  if (jwk != nullptr && jwk->is_hidden()) {
    CO_TRY(const KmsOrder order, order_of_mac(jwk->symmetric_size()));
    co_return co_await make(std::move(alias), order);
  }
  if (jwk == nullptr || !jwk->public_key()) {
    co_return Error{Code::kUnsupported, "rotate_needs_key_pair",
                    "AWS KMS makes a key like another of its keys only"};
  }
  const bool decrypts = !model.unwraps.empty() || jwk->use() == jose::KeyUse::kEnc;
  const crypto::PublicKey shape = *jwk->public_key();
  CO_TRY(const KmsOrder order, order_of_pair(shape.kind(), shape.bits(), decrypts));
  co_return co_await make(std::move(alias), order);
}

Error KmsStore::told_of_new(const Alias& alias, Error error) const {
  error.detail = "store " + quoted(name().view()) + ", a new AWS KMS key " +
                 quoted(alias.view(), 256) + ": " + error.detail;
  if (error.is("aws_access_denied")) {
    error.detail +=
        "; making keys takes the rights kms:CreateKey, kms:DescribeKey, and kms:CreateAlias on the "
        "alias and on the key";
  }
  return error;
}

Task<Secret> KmsStore::make(Alias alias, KmsOrder order) {
  CO_TRY(may_make_keys());
  if (!is_kms_alias(alias.view())) {
    co_return Error{Code::kInvalid, "alias_invalid",
                    quoted(alias.view(), 300) +
                        " cannot be the alias of a new key: alias/ and letters, digits, '/', '_' "
                        "and '-', 256 characters at most, and not alias/aws/..."};
  }
  auto key = co_await maker_.make(alias.str(), order);
  if (!key) co_return told_of_new(alias, std::move(key).error());
  // By its ARN: an alias that was just made is not known everywhere at once.
  auto reading = co_await read_key(alias, *key);
  if (!reading) {
    Error error = told(alias, std::move(reading).error());
    error.detail += " (it was made just now; publish it when it can be read)";
    co_return error;
  }
  if (reading->secrets.empty()) {
    Error hidden{Code::kUnavailable, "kms_key_not_ready",
                 "it was made and cannot be used yet: publish it when it can"};
    co_return told_of_new(alias, std::move(hidden));
  }
  std::vector<Secret> kept = keep(alias, std::move(*reading));
  co_return std::move(kept.front());
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
  const SettingNames own = {
      {"reread_seconds", "how often AWS is asked whether a key changed; default 300"},
      {"create_keys", "whether rotations may make keys here; default false"},
  };
  return joined({own, access_settings()});
}

}  // namespace

StoreType kms_store_type() {
  StoreType type;
  type.name = "aws_kms";
  type.ordering = Ordering::kByMapping;
  type.summary = "Keys in AWS KMS, which sign, make MACs and decrypt there and never leave.";
  type.settings = kms_settings();
  type.make = [](StoreName name, const json::Object& settings,
                 StoreContext context) -> Result<std::shared_ptr<Store>> {
    constexpr std::int64_t kDay = 86'400;
    constexpr std::int64_t kUsual = 300;
    const SettingNames known = kms_settings();
    SettingsReader reader(name, settings, known);
    const Seconds reread(reader.number("reread_seconds", kUsual, 1, kDay));
    const bool creates_keys = reader.flag("create_keys", false);
    const AccessSettings access_settings = read_access_settings(reader);
    TRY(reader.done());
    auto access =
        std::make_shared<const Access>(Access{access_settings, std::move(context), async::pause});
    return std::shared_ptr<Store>(
        std::make_shared<KmsStore>(std::move(name), reread, std::move(access), creates_keys));
  };
  return type;
}

}  // namespace signet::secrets::aws
