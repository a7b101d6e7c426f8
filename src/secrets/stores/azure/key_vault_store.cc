#include "secrets/stores/azure/key_vault_store.h"

#include "base/text.h"
#include "secrets/stores/pem_password.h"
#include "secrets/stores/settings.h"

namespace signet::secrets::azure {
namespace {

constexpr std::string_view kSecrets = "/secrets/";

}  // namespace

KeyVaultStore::KeyVaultStore(StoreName name, KeyVaultSettings settings, StoreContext context)
    : name_(std::move(name)),
      settings_(std::move(settings)),
      context_(std::move(context)),
      vault_(name_, settings_.vault, settings_.credential, context_) {}

Task<std::vector<Secret>> KeyVaultStore::fetch(Alias alias) {
  if (!is_object_name(alias.view())) co_return Secrets();
  const std::string name = alias.str();
  auto listed = co_await vault_.versions("secrets", name);
  if (!listed && listed.error().is("azure_access_denied")) {
    co_return co_await fetch_current(alias);
  }
  if (!listed) co_return std::move(listed).error();

  const auto versions = usable(std::move(*listed), context_.clock->now(), settings_.most_versions);
  std::vector<std::string> ids;
  for (const Version& version : versions)
    ids.push_back(version.id);
  VersionCache::Read read = [this, alias, ids](std::size_t at) {
    return read_listed(alias, ids[at]);
  };
  CO_TRY(Secrets secrets, co_await versions_.all(name, std::move(ids), std::move(read)));
  set_windows(secrets, versions);
  co_return secrets;
}

Task<std::vector<Secret>> KeyVaultStore::fetch_current(Alias alias) {
  auto answer = co_await vault_.get(std::string(kSecrets) + alias.str());
  if (!answer && is_gone(answer.error())) co_return Secrets();
  if (!answer) co_return std::move(answer).error();
  CO_TRY(SecretBundle bundle, parse_secret(answer->body));
  const std::vector<Version> only(1, bundle.version);
  if (usable(only, context_.clock->now(), 1).empty()) co_return Secrets();
  auto shared = std::make_shared<const SecretBundle>(std::move(bundle));
  CO_TRY(Secrets secrets, co_await decode(std::move(shared), alias));
  std::vector<std::string> warning(
      1, "store " + quoted(name_.view()) + ": the versions of " + quoted(alias.view()) +
             " cannot be listed (the permission secrets/list is missing), so only the current one "
             "is served: at a rotation the one before it stops verifying at once");
  versions_.warnings().set(alias.str(), std::move(warning));
  secrets = as_ours(std::move(secrets), alias, only.front().id);
  set_windows(secrets, only);
  co_return secrets;
}

Task<std::optional<std::vector<Secret>>> KeyVaultStore::read_listed(Alias alias,
                                                                    std::string version) {
  auto answer = co_await vault_.get(std::string(kSecrets) + alias.str() + "/" + version);
  if (!answer && is_gone(answer.error())) co_return std::optional<Secrets>();
  if (!answer) co_return std::move(answer).error();
  CO_TRY(SecretBundle bundle, parse_secret(answer->body));
  auto shared = std::make_shared<const SecretBundle>(std::move(bundle));
  CO_TRY(Secrets secrets, co_await decode(std::move(shared), alias));
  co_return std::optional<Secrets>(as_ours(std::move(secrets), alias, version));
}

Task<std::vector<Secret>> KeyVaultStore::decode(std::shared_ptr<const SecretBundle> bundle,
                                                Alias alias) {
  ReadWithPassword read = [self = shared_from_this(), bundle,
                           alias](std::optional<ByteView> password) -> Result<Secrets> {
    const std::string where = "store " + quoted(self->name_.view()) + ", secret " +
                              quoted(alias.view()) + " version " + quoted(bundle->version.id) +
                              ": ";
    auto value =
        read_secret(*bundle, self->settings_.format, self->context_.encoding_keys.get(), password);
    if (!value) {
      Error error = std::move(value).error();
      error.detail = where + error.detail;
      return error;
    }
    return std::move(value->secrets);
  };
  co_return co_await read_with_pem_password(context_, SecretId(), std::move(read));
}

std::vector<Secret> KeyVaultStore::as_ours(Secrets secrets, const Alias& alias,
                                           const std::string& version) const {
  for (Secret& secret : secrets) {
    secret.alias = alias;
    secret.store = name_;
    secret.version = version;
  }
  return secrets;
}

Task<std::vector<Alias>> KeyVaultStore::aliases() {
  auto names = co_await vault_.names("secrets");
  if (!names && names.error().is("azure_access_denied")) {
    co_return Error{Code::kUnsupported, "azure_list_denied", std::move(names).error().detail};
  }
  co_return names;
}

Task<std::string> KeyVaultStore::fingerprint() {
  co_return std::string();
}

Task<Done> KeyVaultStore::probe() {
  auto answer = co_await vault_.get(std::string(kSecrets) + std::string(kProbe));
  if (answer || answer.error().code == Code::kNotFound) co_return Done{};
  co_return std::move(answer).error();
}

SettingNames vault_settings() {
  return {
      {"vault", "the vault, e.g. https://myvault.vault.azure.net; required"},
      {"vault_domain",
       "the domain that vaults lie under in another cloud; default: Azure's own domains"},
  };
}

VaultAddress read_vault(SettingsReader& reader) {
  const std::string url = reader.required_text("vault");
  const std::string domain = reader.text("vault_domain");
  if (url.empty()) return {};
  auto vault = parse_vault(url, domain);
  if (vault) return std::move(vault).value();
  reader.complain("'vault': " + vault.error().detail);
  return {};
}

StoreType key_vault_store_type() {
  StoreType type;
  type.name = "azure_key_vault";
  type.ordering = Ordering::kByStore;
  type.summary = "The secrets and exportable certificates of an Azure Key Vault, with versions.";
  const SettingNames own = {
      {"value_format", "how secrets are written that say nothing of their type; default PLAIN"},
      {"versions", "how many versions of a secret are served at most; default 5"},
  };
  type.settings = joined({vault_settings(), own, credential_settings()});
  type.make = [](StoreName name, const json::Object& settings,
                 StoreContext context) -> Result<std::shared_ptr<Store>> {
    const StoreType self = key_vault_store_type();
    SettingsReader reader(name, settings, self.settings);
    KeyVaultSettings mine;
    mine.vault = read_vault(reader);
    mine.credential = read_credential(reader, context.environment);
    mine.most_versions = reader.version_count();
    mine.format = reader.value_format("value_format", ValueFormat::kPlain);
    TRY(reader.done());
    return std::shared_ptr<Store>(
        std::make_shared<KeyVaultStore>(std::move(name), std::move(mine), std::move(context)));
  };
  return type;
}

}  // namespace signet::secrets::azure
