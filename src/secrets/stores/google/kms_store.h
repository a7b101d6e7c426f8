#pragma once
// "google_kms": keys that stay in Cloud KMS; an alias is the name of a CryptoKey.

#include <map>
#include <mutex>

#include "secrets/stores/catalog.h"
#include "secrets/stores/google/google_store.h"
#include "secrets/stores/google/kms_client.h"

namespace signet::secrets::google {

struct KmsSettings {
  std::size_t public_keys = 1000;  ///< how many are kept
  Seconds public_key_life{3600};   ///< how long
  Seconds version_life{30};        ///< how long the list of a key's versions is kept
  bool create_keys = false;        ///< whether new versions may be made
};

/// fetch(): kUnsupported "google_kms_algorithm_unsupported" where no version is of an algorithm
/// that JOSE has; otherwise as KmsClient. Asymmetric CryptoKeys have no primary version, so the
/// newest one that is enabled is active.
class KmsStore : public GoogleStore, public VersionMaker {
 public:
  KmsStore(StoreName name, KmsSettings settings, std::shared_ptr<KmsClient> client,
           StoreContext context);

  Status may_make_versions() const override;
  /// Also kConfig "google_kms_template_differs" where KMS would make one of another algorithm, and
  /// "google_kms_generation_failed" where it made one that never worked, after which none is made
  /// here until somebody else has made one.
  Task<Done> make_version(Alias alias, std::string after) override;
  void forget_cached() override;

 private:
  struct Listing {
    std::vector<KmsVersion> versions;
    Milliseconds at{0};       ///< of the monotone clock
    std::uint64_t epoch = 0;  ///< when it was asked for
  };
  struct Made {
    Secret secret;
    Milliseconds at{0};  ///< of the monotone clock
  };

  Status check_name(std::string_view alias) const override;
  Task<std::vector<Secret>> fetch_all(std::string key) override;
  Task<std::vector<std::string>> names() override;
  Task<Done> knock() override;

  Task<std::vector<KmsVersion>> versions(std::string key);
  Task<Done> make_version_of(std::string key, std::uint64_t after);
  /// The next fetch asks for the versions anew.
  void forget_versions(const std::string& key);
  Task<Secret> secret_of(KmsVersion version);
  std::optional<Secret> kept(const std::string& version);
  void keep(const std::string& version, Secret secret);

  const KmsSettings settings_;
  const std::shared_ptr<KmsClient> client_;
  std::mutex mutex_;
  std::map<std::string, Listing> listings_;  ///< by key
  std::uint64_t epoch_ = 0;  ///< forget_cached() begins another: lists of those before are old
  std::map<std::string, Made> made_;  ///< by whole name of the version
};

StoreType kms_store_type();

}  // namespace signet::secrets::google
