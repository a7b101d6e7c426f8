#pragma once
// "azure_key_vault": the secrets of one vault, and the private keys of its exportable certificates,
// each with its versions.

#include "secrets/stores/azure/key_vault.h"
#include "secrets/stores/azure/value.h"
#include "secrets/stores/catalog.h"
#include "secrets/stores/shared/version_cache.h"

namespace signet::secrets::azure {

struct KeyVaultSettings {
  VaultAddress vault;
  CredentialSettings credential;
  ValueFormat format = ValueFormat::kPlain;
  std::size_t most_versions = 5;
};

/// By the store: the newest version that is enabled and within its window is active, older ones of
/// the same kind are valid. The value of a version never changes in Key Vault, so it is read once.
/// Where the policy does not let versions be listed, the current one is served alone, with a
/// warning. A version that cannot be read is a warning if another one can.
class KeyVaultStore : public Store, public std::enable_shared_from_this<KeyVaultStore> {
 public:
  KeyVaultStore(StoreName name, KeyVaultSettings settings, StoreContext context);

  const StoreName& name() const override { return name_; }
  Ordering ordering() const override { return Ordering::kByStore; }
  Task<std::vector<Secret>> fetch(Alias alias) override;
  std::size_t aliases_at_once() const override { return kAliasesAtOnce; }
  Task<std::vector<Alias>> aliases() override;
  /// Empty: a version that is disabled, or whose time comes, is told by its list alone.
  Task<std::string> fingerprint() override;
  Task<Done> probe() override;
  std::vector<std::string> warnings() const override { return versions_.warnings().all(); }

 private:
  using Secrets = std::vector<Secret>;
  Task<std::optional<Secrets>> read_listed(Alias alias, std::string version);
  Task<Secrets> fetch_current(Alias alias);
  Task<Secrets> decode(std::shared_ptr<const SecretBundle> bundle, Alias alias);
  Secrets as_ours(Secrets secrets, const Alias& alias, const std::string& version) const;

  StoreName name_;
  KeyVaultSettings settings_;
  StoreContext context_;
  KeyVault vault_;
  VersionCache versions_;
};

StoreType key_vault_store_type();

/// The settings "vault" and "vault_domain".
SettingNames vault_settings();
VaultAddress read_vault(SettingsReader& reader);

}  // namespace signet::secrets::azure
