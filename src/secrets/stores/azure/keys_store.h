#pragma once
// "azure_key_vault_keys": keys that never leave the vault (or its HSM) and work there.

#include "secrets/stores/azure/key_vault.h"
#include "secrets/stores/catalog.h"
#include "secrets/stores/remote_key.h"
#include "secrets/stores/shared/version_cache.h"

namespace signet::secrets::azure {

/// One version of a key. Signs digests, unwraps RSA-OAEP and RSA-OAEP-256. A signature is taken
/// from the very version that was asked, and not verified here (remote_key.h).
class KeyVaultKey : public RemoteKey {
 public:
  KeyVaultKey(std::shared_ptr<KeyVault> vault, std::string name, std::string version);
  Task<Bytes> sign(jose::JwsAlg alg, Bytes signing_input) const override;
  Task<SecretBytes> unwrap(jose::JweAlg alg, Bytes encrypted_key) const override;

 private:
  std::string path(std::string_view operation) const;

  std::shared_ptr<KeyVault> vault_;
  std::string name_, version_;
};

struct KeysSettings {
  VaultAddress vault;
  CredentialSettings credential;
  std::size_t most_versions = 5;
  bool create_keys = false;  ///< whether new versions may be made
};

/// By the store, as KeyVaultStore orders versions. Public halves are read once per state of a
/// version; verification is local.
class KeysStore : public Store, public VersionMaker {
 public:
  KeysStore(StoreName name, KeysSettings settings, StoreContext context);

  const StoreName& name() const override { return name_; }
  Ordering ordering() const override { return Ordering::kByStore; }
  Task<std::vector<Secret>> fetch(Alias alias) override;
  std::size_t aliases_at_once() const override { return kAliasesAtOnce; }
  Task<std::vector<Alias>> aliases() override;
  Task<std::string> fingerprint() override;
  Task<Done> probe() override;
  Status may_make_versions() const override;
  /// By Key Vault's own rotation, so that type, size and operations are those of the last version
  /// and no key of another name can be made. Needs "rotate".
  Task<Done> make_version(Alias alias, std::string after) override;
  std::vector<std::string> warnings() const override { return versions_.warnings().all(); }

 private:
  using Secrets = std::vector<Secret>;
  Error at_key(const Alias& alias, Error error) const;
  Task<std::optional<Secrets>> read_listed(Alias alias, std::string version);

  StoreName name_;
  KeysSettings settings_;
  StoreContext context_;
  std::shared_ptr<KeyVault> vault_;
  VersionCache versions_;
};

StoreType keys_store_type();

}  // namespace signet::secrets::azure
