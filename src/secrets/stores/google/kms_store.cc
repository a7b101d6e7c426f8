#include "secrets/stores/google/kms_store.h"

#include <algorithm>

#include "base/base64.h"
#include "base/text.h"
#include "crypto/digest.h"
#include "secrets/stores/google/google_answer.h"
#include "secrets/stores/google/kms_key.h"
#include "secrets/stores/value_format.h"

namespace signet::secrets::google {
namespace {

Error unsupported(const KmsVersion& version) {
  return Error{Code::kUnsupported, "google_kms_algorithm_unsupported",
               "version " + std::to_string(version.number) + " is of the algorithm " +
                   quoted(version.algorithm) +
                   ", which has no place in JOSE or none here: use EC_SIGN_P256_SHA256, "
                   "EC_SIGN_P384_SHA384, EC_SIGN_ED25519, RSA_SIGN_PKCS1_*, RSA_SIGN_PSS_*, "
                   "RSA_DECRYPT_OAEP_* with SHA1 or SHA256, HMAC_SHA256, HMAC_SHA384 or "
                   "HMAC_SHA512"};
}

Error malformed_key(const KmsVersion& version, std::string_view why) {
  return Error{Code::kUnavailable, "google_answer_malformed",
               "public key of " + version.name + ": " + std::string(why)};
}

/// Tells nothing of the key: versions are never used for other material.
KeyId mac_kid(const KmsVersion& version) {
  constexpr std::size_t kBytes = 12;
  const auto digest =
      crypto::sha256(as_bytes("signet: kid of a MAC key in Cloud KMS, 1\n" + version.name));
  return KeyId(base64::url_encode(ByteView(digest).first(kBytes)));
}

Error pending(const KmsVersion& version) {
  return Error{Code::kUnavailable, "version_pending",
               version.name + " was made and is in state " + quoted(version.state, 40) +
                   "; ask again in a moment"};
}

/// The newest in that state of those that came after version `after`.
const KmsVersion* find_newer(const std::vector<KmsVersion>& newest_first, std::uint64_t after,
                             std::string_view state) {
  const auto found = std::find_if(newest_first.begin(), newest_first.end(), [&](const auto& one) {
    return one.number > after && one.state == state;
  });
  return found == newest_first.end() ? nullptr : &*found;
}

/// The version that a new one is to be like: the newest that is enabled; failing that `after`,
/// which may be disabled since it was compromised.
const KmsVersion* model_of(const std::vector<KmsVersion>& newest_first, std::uint64_t after) {
  if (const KmsVersion* enabled = find_newer(newest_first, 0, "ENABLED")) return enabled;
  const auto found = std::find_if(newest_first.begin(), newest_first.end(),
                                  [&](const auto& one) { return one.number == after; });
  const bool is_known = found != newest_first.end() && !found->algorithm.empty();
  return is_known ? &*found : nullptr;
}

crypto::KeyKind kind_of(const KmsAlgorithm& algorithm) {
  return algorithm.jws ? crypto::key_kind(jose::signature_scheme(*algorithm.jws))
                       : crypto::KeyKind::kRsa;
}

Result<jose::Jwk> read_public_key(const KmsVersion& version, const KmsAlgorithm& algorithm,
                                  const KmsPublicKey& key) {
  if (key.algorithm != version.algorithm)
    return malformed_key(version, "it is of another algorithm than its version");
  const auto secrets = secrets_of_pem(as_bytes(key.pem), std::nullopt);
  if (!secrets || secrets->size() != 1 || secrets->front().kind != SecretKind::kPublicKey)
    return malformed_key(version, "it is no PEM of one public key");
  const jose::Jwk& jwk = secrets->front().key->jwk();
  if (jwk.public_key()->kind() != kind_of(algorithm))
    return malformed_key(version, "its kind is not that of its algorithm");
  const std::string_view alg =
      algorithm.jws ? jose::name(*algorithm.jws) : jose::name(*algorithm.jwe);
  return jose::Jwk::from_public(*jwk.public_key())
      .with_use(algorithm.jws ? jose::KeyUse::kSig : jose::KeyUse::kEnc)
      .with_alg(std::string(alg));
}

}  // namespace

KmsStore::KmsStore(StoreName name, KmsSettings settings, std::shared_ptr<KmsClient> client,
                   StoreContext context)
    : GoogleStore(std::move(name), "the keys of the key ring", std::move(context)),
      settings_(settings),
      client_(std::move(client)) {}

Status KmsStore::check_name(std::string_view alias) const {
  if (is_kms_key_name(alias)) return Done{};
  return Error{Code::kConfig, "google_name_invalid",
               quoted(alias) +
                   " is no name of a CryptoKey: letters, digits, '-' and '_', 63 at most, without "
                   "key ring and version"};
}

Task<std::vector<std::string>> KmsStore::names() {
  return client_->keys();
}

Task<Done> KmsStore::knock() {
  return client_->knock();
}

Task<std::vector<Secret>> KmsStore::fetch_all(std::string key) {
  CO_TRY(const std::vector<KmsVersion> enabled, co_await versions(key));
  std::vector<Secret> secrets;
  std::vector<std::string> warnings;
  std::optional<Error> failure;
  for (const KmsVersion& version : enabled) {
    auto secret = co_await secret_of(version);
    if (secret) {
      secrets.push_back(std::move(secret).value());
      continue;
    }
    Error error = std::move(secret).error();
    if (is_transient(error.code)) co_return error;
    if (error.is("google_failed_precondition")) continue;  // disabled since it was listed
    error.detail = "key " + quoted(key) + ": " + error.detail;
    warnings.push_back(error.detail);
    if (!failure) failure = std::move(error);
  }
  warn(key, std::move(warnings));
  if (secrets.empty() && failure) co_return *failure;
  co_return secrets;
}

Task<std::vector<KmsVersion>> KmsStore::versions(std::string key) {
  Listing fresh;
  fresh.at = context_.clock->monotone();
  {
    const std::lock_guard lock(mutex_);
    fresh.epoch = epoch_;
    const auto found = listings_.find(key);
    if (found != listings_.end() && found->second.epoch == epoch_ &&
        fresh.at < found->second.at + settings_.version_life)
      co_return found->second.versions;
  }
  auto listed = co_await client_->enabled_versions(key);
  if (!listed && listed.error().is("google_not_found")) {
    const std::lock_guard lock(mutex_);
    listings_.erase(key);
    co_return std::vector<KmsVersion>();
  }
  if (!listed) co_return std::move(listed).error();
  fresh.versions = *listed;
  const std::lock_guard lock(mutex_);
  listings_[key] = std::move(fresh);
  co_return std::move(listed).value();
}

void KmsStore::forget_cached() {
  const std::lock_guard lock(mutex_);
  ++epoch_;
}

void KmsStore::forget_versions(const std::string& key) {
  const std::lock_guard lock(mutex_);
  listings_.erase(key);
}

Status KmsStore::may_make_versions() const {
  if (settings_.create_keys) return Done{};
  return in_this_store({Code::kUnsupported, "store_makes_no_keys",
                        "it makes no version of a key: its setting create_keys is off"});
}

Task<Done> KmsStore::make_version(Alias alias, std::string after) {
  const auto keep_alive = shared_from_this();
  CO_TRY(may_make_versions());
  const std::string key = alias.str();
  if (Status usable = check_name(key); !usable) co_return in_this_store(std::move(usable).error());
  const auto number = version_number(after);
  if (!number) {
    co_return in_this_store(
        {Code::kInvalid, "version_invalid", quoted(after) + " is no version of a CryptoKey"});
  }
  auto made = co_await make_version_of(key, *number);
  if (!made && made.error().is("google_not_found"))
    co_return in_this_store({Code::kNotFound, "alias_unknown", std::move(made).error().detail});
  if (!made) co_return in_this_store(std::move(made).error());
  co_return Done{};
}

Task<Done> KmsStore::make_version_of(std::string key, std::uint64_t after) {
  // Not from the list that is kept: another instance may have made one since.
  CO_TRY(const std::vector<KmsVersion> all, co_await client_->all_versions(key));
  if (find_newer(all, after, "ENABLED") != nullptr) {
    forget_versions(key);
    co_return Done{};
  }
  if (const KmsVersion* version = find_newer(all, after, "PENDING_GENERATION"))
    co_return pending(*version);
  if (const KmsVersion* version = find_newer(all, after, "GENERATION_FAILED")) {
    co_return Error{Code::kConfig, "google_kms_generation_failed",
                    "KMS could not generate " + version->name +
                        "; make a version by hand once its reason is gone"};
  }
  const KmsVersion* model = model_of(all, after);
  if (model == nullptr) {
    co_return Error{Code::kNotFound, "alias_unknown",
                    "key " + quoted(key) + " has no version that a new one could follow"};
  }
  CO_TRY(const std::string algorithm, co_await client_->template_algorithm(key));
  if (algorithm != model->algorithm) {
    co_return Error{Code::kConfig, "google_kms_template_differs",
                    "key " + quoted(key) + " would get a version of the algorithm " +
                        quoted(algorithm) + " after one of " + quoted(model->algorithm) +
                        ": its version template was changed"};
  }
  CO_TRY(const KmsVersion made, co_await client_->create_version(key));
  forget_versions(key);
  if (made.state == "ENABLED") co_return Done{};
  co_return pending(made);
}

Task<Secret> KmsStore::secret_of(KmsVersion version) {
  if (auto found = kept(version.name)) co_return std::move(*found);
  const KmsAlgorithm* algorithm = find_kms_algorithm(version.algorithm);
  if (algorithm == nullptr) co_return unsupported(version);
  auto remote = std::make_shared<const KmsKey>(client_, version.name, *algorithm);
  std::vector<jose::JwsAlg> allowed;
  if (algorithm->jws) allowed.push_back(*algorithm->jws);
  Secret secret;
  if (algorithm->does == KmsAlgorithm::Does::kMac) {
    const std::size_t size = crypto::hash_size(jose::mac_hash(*algorithm->jws));
    jose::Jwk hidden = jose::Jwk::of_hidden_symmetric(size).with_use(jose::KeyUse::kSig);
    secret = Secret::of_remote_key(std::move(hidden), std::move(allowed), std::move(remote),
                                   mac_kid(version));
  } else {
    CO_TRY(const KmsPublicKey key, co_await client_->public_key(version.name));
    CO_TRY(jose::Jwk jwk, read_public_key(version, *algorithm, key));
    secret = Secret::of_remote_key(std::move(jwk), std::move(allowed), std::move(remote));
    if (algorithm->jwe) secret.unwraps.push_back(*algorithm->jwe);
  }
  secret.version = std::to_string(version.number);
  keep(version.name, secret);
  co_return secret;
}

std::optional<Secret> KmsStore::kept(const std::string& version) {
  const Milliseconds now = context_.clock->monotone();
  const std::lock_guard lock(mutex_);
  const auto found = made_.find(version);
  if (found == made_.end() || now >= found->second.at + settings_.public_key_life)
    return std::nullopt;
  return found->second.secret;
}

void KmsStore::keep(const std::string& version, Secret secret) {
  const Milliseconds now = context_.clock->monotone();
  const std::lock_guard lock(mutex_);
  if (settings_.public_keys == 0) return;
  if (made_.size() >= settings_.public_keys && !made_.contains(version)) {
    made_.erase(std::min_element(made_.begin(), made_.end(), [](const auto& a, const auto& b) {
      return a.second.at < b.second.at;
    }));
  }
  made_[version] = Made{std::move(secret), now};
}

StoreType kms_store_type() {
  StoreType type;
  type.name = "google_kms";
  type.ordering = Ordering::kByStore;
  type.summary = "Keys that stay in Google Cloud KMS, which signs and decrypts with them.";
  const SettingNames own = {
      {"project", "the Google Cloud project; required"},
      {"location", "of the key ring, e.g. europe-west3 or global; required"},
      {"keyRing", "the key ring; required"},
      {"publicKeyCacheMaxSize", "how many public keys are kept; default 1000"},
      {"publicKeyCacheDuration", "how many seconds they are kept; default 3600"},
      {"versionCacheDuration", "how many seconds the list of a key's versions is kept; default 30"},
      {"create_keys", "true: a rotation makes new versions of the keys; default false"},
      {"endpoint", "another address of the service; default https://cloudkms.googleapis.com"},
  };
  type.settings = joined({own, credential_settings()});
  type.make = [](StoreName name, const json::Object& settings,
                 StoreContext context) -> Result<std::shared_ptr<Store>> {
    constexpr std::int64_t kMostKeys = 100'000;
    constexpr std::int64_t kMostSeconds = 7 * 86'400;
    const StoreType self = kms_store_type();
    SettingsReader reader(name, settings, self.settings);
    const std::string project = reader.required_text("project");
    const std::string location = reader.required_text("location");
    const std::string key_ring = reader.required_text("keyRing");
    if (!project.empty() && !is_project(project)) reader.complain("'project' is no project ID");
    if (!location.empty() && !is_resource_id(location, 63))
      reader.complain("'location' is no location");
    if (!key_ring.empty() && !is_resource_id(key_ring, 63))
      reader.complain("'keyRing' is no name of a key ring");
    KmsSettings mine;
    mine.public_keys =
        static_cast<std::size_t>(reader.number("publicKeyCacheMaxSize", 1000, 0, kMostKeys));
    mine.public_key_life = Seconds(
        reader.number("publicKeyCacheDuration", mine.public_key_life.count(), 0, kMostSeconds));
    mine.version_life =
        Seconds(reader.number("versionCacheDuration", mine.version_life.count(), 0, kMostSeconds));
    mine.create_keys = reader.flag("create_keys", false);
    const std::string endpoint = read_endpoint(reader, "endpoint", std::string(kKmsHost));
    const CredentialSettings credentials = read_credential_settings(reader);
    TRY(reader.done());
    auto client = std::make_shared<KmsClient>(
        std::make_shared<GoogleApi>(endpoint, credentials, context),
        "projects/" + project + "/locations/" + location + "/keyRings/" + key_ring);
    return std::shared_ptr<Store>(
        std::make_shared<KmsStore>(std::move(name), mine, std::move(client), std::move(context)));
  };
  return type;
}

}  // namespace signet::secrets::google
