#pragma once
// "google_kms": keys that stay in Cloud KMS; an alias is the name of a CryptoKey.

#include <map>
#include <mutex>

#include "secrets/stores/catalog.h"
#include "secrets/stores/google/kms_client.h"
#include "secrets/stores/warnings.h"

namespace signet::secrets::google {

struct KmsSettings {
  std::size_t public_keys = 1000;  ///< how many are kept
  Seconds public_key_life{3600};   ///< how long
  Seconds version_life{30};        ///< how long the list of a key's versions is kept
};

/// By its own versions: the newest that is enabled is active (asymmetric CryptoKeys have no
/// primary), older enabled ones are valid.
class KmsStore : public Store, public std::enable_shared_from_this<KmsStore> {
 public:
  KmsStore(StoreName name, KmsSettings settings, std::shared_ptr<KmsClient> client,
           StoreContext context);

  const StoreName& name() const override { return name_; }
  Ordering ordering() const override { return Ordering::kByStore; }
  /// kConfig "google_name_invalid"; kUnsupported "google_kms_algorithm_unsupported" where no
  /// version is of an algorithm that JOSE has; otherwise as KmsClient.
  Task<std::vector<Secret>> fetch(Alias alias) override;
  /// kUnsupported "google_list_denied" without the right to list keys.
  Task<std::vector<Alias>> aliases() override;
  /// Always empty: the list of versions is asked for at a fetch, where it is old enough.
  Task<std::string> fingerprint() override;
  Task<Done> probe() override;
  std::vector<std::string> warnings() const override { return warnings_.all(); }

 private:
  struct Listing {
    std::vector<KmsVersion> versions;
    Instant at{};
  };
  struct Made {
    Secret secret;
    Instant at{};
  };

  Task<std::vector<Secret>> fetch_all(std::string key);
  Task<std::vector<KmsVersion>> versions(std::string key);
  Task<Secret> secret_of(KmsVersion version);
  std::optional<Secret> kept(const std::string& version);
  void keep(const std::string& version, Secret secret);
  Error in_this_store(Error error) const;

  const StoreName name_;
  const KmsSettings settings_;
  const std::shared_ptr<KmsClient> client_;
  const StoreContext context_;
  Warnings warnings_;
  std::mutex mutex_;
  std::map<std::string, Listing> listings_;  ///< by key
  std::map<std::string, Made> made_;         ///< by whole name of the version
};

StoreType kms_store_type();

}  // namespace signet::secrets::google
