#include "secrets/stores/azure/keys_store.h"

#include <algorithm>
#include <tuple>

#include "base/base64.h"
#include "base/text.h"
#include "crypto/digest.h"
#include "secrets/stores/azure/key_vault_store.h"
#include "secrets/stores/settings.h"

namespace signet::secrets::azure {
namespace {

/// An HSM may take its time for an RSA key.
constexpr Milliseconds kMaking{20'000};

crypto::Hash hash_of(jose::JwsAlg alg) {
  const std::string_view text = jose::name(alg);
  if (text.ends_with("512")) return crypto::Hash::kSha512;
  return text.ends_with("384") ? crypto::Hash::kSha384 : crypto::Hash::kSha256;
}

std::string operation(std::string_view alg, ByteView value) {
  std::string body;
  json::ObjectWriter writer(body);
  writer.add("alg", alg).add("value", base64::url_encode(value));
  writer.end();
  return body;
}

bool is_listed(const std::vector<Version>& versions, std::string_view id) {
  return std::any_of(versions.begin(), versions.end(),
                     [&](const Version& version) { return version.id == id; });
}

/// Whether a usable version comes before `after` in the order that usable() makes. One that is not
/// listed belonged to a key that is gone.
bool has_newer(std::vector<Version> versions, std::string_view after, Instant now) {
  const auto found = std::find_if(versions.begin(), versions.end(),
                                  [&](const Version& version) { return version.id == after; });
  const std::optional<Version> last =
      found == versions.end() ? std::nullopt : std::optional<Version>(*found);
  const std::size_t all = versions.size();
  const auto served = usable(std::move(versions), now, all);
  return std::any_of(served.begin(), served.end(), [&](const Version& version) {
    return !last || std::tie(version.created, version.id) > std::tie(last->created, last->id);
  });
}

}  // namespace

KeyVaultKey::KeyVaultKey(std::shared_ptr<KeyVault> vault, std::string name, std::string version)
    : vault_(std::move(vault)), name_(std::move(name)), version_(std::move(version)) {}

std::string KeyVaultKey::path(std::string_view operation) const {
  return "/keys/" + name_ + "/" + version_ + "/" + std::string(operation);
}

Task<Bytes> KeyVaultKey::sign(jose::JwsAlg alg, Bytes signing_input) const {
  if (jose::is_mac(alg) || alg == jose::JwsAlg::kEdDsa) {
    co_return Error{Code::kUnsupported, "remote_operation_unsupported",
                    "Key Vault signs by RS*, PS* and ES* alone"};
  }
  const auto vault = vault_;
  const std::string version = version_;
  const Bytes digest = crypto::digest(hash_of(alg), signing_input);
  std::string body = operation(jose::name(alg), digest);
  CO_TRY(const VaultAnswer answer, co_await vault->post(path("sign"), std::move(body), kTimeout));
  co_return parse_operation(answer.body, version);
}

Task<SecretBytes> KeyVaultKey::unwrap(jose::JweAlg alg, Bytes encrypted_key) const {
  if (alg != jose::JweAlg::kRsaOaep && alg != jose::JweAlg::kRsaOaep256) {
    co_return Error{Code::kUnsupported, "remote_operation_unsupported",
                    "of Key Vault's ways to unwrap, RSA-OAEP and RSA-OAEP-256 are used alone"};
  }
  const auto vault = vault_;
  const std::string version = version_;
  std::string body = operation(jose::name(alg), encrypted_key);
  auto answer = co_await vault->post(path("unwrapkey"), std::move(body), kTimeout);
  if (!answer && answer.error().is("azure_request_refused")) {
    co_return Error{Code::kDenied, "jwe_decrypt_failed", "Key Vault could not unwrap the key"};
  }
  if (!answer) co_return std::move(answer).error();
  CO_TRY(Bytes key, parse_operation(answer->body, version));
  SecretBytes out{ByteView(key)};
  wipe(key);
  co_return out;
}

KeysStore::KeysStore(StoreName name, KeysSettings settings, StoreContext context)
    : name_(std::move(name)),
      settings_(std::move(settings)),
      context_(std::move(context)),
      vault_(std::make_shared<KeyVault>(name_, settings_.vault, settings_.credential, context_)) {}

Task<std::vector<Secret>> KeysStore::fetch(Alias alias) {
  if (!is_object_name(alias.view())) co_return Secrets();
  const std::string name = alias.str();
  CO_TRY(auto listed, co_await vault_->versions("keys", name));
  const auto versions = usable(std::move(listed), context_.clock->now(), settings_.most_versions);
  std::vector<std::string> ids, stamps;
  for (const Version& version : versions) {
    ids.push_back(version.id);
    // What a key may be used for can be changed.
    stamps.push_back(version.id + ' ' + to_rfc3339(version.updated));
  }
  VersionCache::Read read = [this, alias, ids](std::size_t at) {
    return read_listed(alias, ids[at]);
  };
  CO_TRY(Secrets secrets, co_await versions_.all(name, std::move(stamps), std::move(read)));
  set_windows(secrets, versions);
  co_return secrets;
}

Error KeysStore::at_key(const Alias& alias, Error error) const {
  error.detail =
      "store " + quoted(name_.view()) + ", key " + quoted(alias.view()) + ": " + error.detail;
  return error;
}

Task<std::optional<std::vector<Secret>>> KeysStore::read_listed(Alias alias, std::string version) {
  auto answer = co_await vault_->get("/keys/" + alias.str() + "/" + version);
  if (!answer && is_gone(answer.error())) co_return std::optional<Secrets>();
  if (!answer) co_return std::move(answer).error();
  auto key = parse_key(answer->body);
  if (!key) {
    Error error = std::move(key).error();
    error.detail = "version " + quoted(version) + ": " + error.detail;
    co_return at_key(alias, std::move(error));
  }
  auto remote = std::make_shared<const KeyVaultKey>(vault_, alias.str(), version);
  Secret secret = Secret::of_remote_key(key->public_half, key->signs, std::move(remote));
  secret.unwraps = key->unwraps;
  secret.alias = alias;
  secret.store = name_;
  secret.version = version;
  Secrets only(1, std::move(secret));
  co_return std::optional<Secrets>(std::move(only));
}

Task<std::vector<Alias>> KeysStore::aliases() {
  auto names = co_await vault_->names("keys");
  if (!names && names.error().is("azure_access_denied")) {
    co_return Error{Code::kUnsupported, "azure_list_denied", std::move(names).error().detail};
  }
  co_return names;
}

Task<std::string> KeysStore::fingerprint() {
  co_return std::string();
}

Task<Done> KeysStore::probe() {
  auto answer = co_await vault_->get("/keys/" + std::string(kProbe));
  if (answer || answer.error().code == Code::kNotFound) co_return Done{};
  co_return std::move(answer).error();
}

Status KeysStore::may_make_versions() const {
  if (settings_.create_keys) return check_served_versions(name_, settings_.most_versions);
  return Error{Code::kUnsupported, "store_makes_no_keys",
               "store " + quoted(name_.view()) +
                   " makes no version of a key: its setting create_keys is off"};
}

Task<Done> KeysStore::make_version(Alias alias, std::string after) {
  CO_TRY(may_make_versions());
  const Error unknown{Code::kNotFound, "alias_unknown", "the vault has no such key"};
  if (!is_object_name(alias.view())) co_return at_key(alias, unknown);
  CO_TRY(const std::vector<Version> listed, co_await vault_->versions("keys", alias.str()));
  if (listed.empty()) co_return at_key(alias, unknown);
  if (has_newer(listed, after, context_.clock->now())) co_return Done{};
  auto answer = co_await vault_->post("/keys/" + alias.str() + "/rotate", std::string(), kMaking);
  if (!answer && answer.error().code == Code::kNotFound) co_return at_key(alias, unknown);
  if (!answer) co_return std::move(answer).error();
  auto made = parse_key(answer->body);
  if (!made) co_return at_key(alias, std::move(made).error());
  if (is_listed(listed, made->version.id)) {
    Error same{Code::kUnavailable, "azure_answer_malformed",
               "the vault answered a rotation with a version that was there before"};
    co_return at_key(alias, std::move(same));
  }
  co_return Done{};
}

StoreType keys_store_type() {
  StoreType type;
  type.name = "azure_key_vault_keys";
  type.ordering = Ordering::kByStore;
  type.summary = "Keys that stay in an Azure Key Vault or its HSM, and sign and unwrap there.";
  const SettingNames own = {
      {"versions", "how many versions of a key are served at most; default 5"},
      {"create_keys", "true: a rotation makes new versions of the keys; default false"},
  };
  type.settings = joined({vault_settings(), own, credential_settings()});
  type.make = [](StoreName name, const json::Object& settings,
                 StoreContext context) -> Result<std::shared_ptr<Store>> {
    const StoreType self = keys_store_type();
    SettingsReader reader(name, settings, self.settings);
    KeysSettings mine;
    mine.vault = read_vault(reader);
    mine.credential = read_credential(reader, context.environment);
    mine.most_versions = reader.version_count();
    mine.create_keys = reader.flag("create_keys", false);
    TRY(reader.done());
    return std::shared_ptr<Store>(
        std::make_shared<KeysStore>(std::move(name), std::move(mine), std::move(context)));
  };
  return type;
}

}  // namespace signet::secrets::azure
