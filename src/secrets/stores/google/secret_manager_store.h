#pragma once
// "google_secret_manager": the versions of a secret are the key ring of what is mapped to it.

#include <map>
#include <mutex>
#include <optional>

#include "secrets/stores/catalog.h"
#include "secrets/stores/google/google_store.h"
#include "secrets/stores/google/kms_client.h"
#include "secrets/stores/google/secret_manager_client.h"
#include "secrets/stores/value_format.h"

namespace signet::secrets::google {

struct SecretManagerSettings {
  ValueFormat format = ValueFormat::kPlain;
  Seconds expiry{600};     ///< of the list of versions
  bool short_kid = false;  ///< "7" instead of "secrets/NAME/versions/7"
  std::string kms_key;     ///< whole name of the key of GOOGLE_KMS_* values
};

/// Every fetch reads every version from the service, so that a disabled one is gone at once; only
/// which versions there are is remembered for a while, and asked for again when a new one shows.
/// fetch(): kConfig "google_newest_disabled" (and no right to list the others); otherwise as the
/// client and read_value().
class SecretManagerStore : public GoogleStore {
 public:
  /// `kms` decrypts GOOGLE_KMS_* values; null for other formats.
  SecretManagerStore(StoreName name, SecretManagerSettings settings,
                     std::shared_ptr<SecretManagerClient> client, std::shared_ptr<KmsClient> kms,
                     StoreContext context);

  void forget_cached() override;

 private:
  struct Listing {
    bool is_denied = false;
    std::vector<std::uint64_t> numbers;  ///< newest first
    Instant at{};
    std::uint64_t epoch = 0;  ///< when it was asked for
  };
  /// What was found behind an alias, before it is read.
  struct Found {
    std::vector<SecretVersion> versions;  ///< newest first
    std::vector<std::string> warnings;
    std::optional<Error> failure;  ///< of a version that was left out
  };

  Status check_name(std::string_view alias) const override;
  Task<std::vector<Secret>> fetch_all(std::string secret) override;
  Task<std::vector<std::string>> names() override;
  Task<Done> knock() override;

  Task<Listing> listing(std::string secret, std::optional<std::uint64_t> newest);
  Task<Found> find(std::string secret);
  Task<Found> decrypt_all(std::string secret, Found found);
  Task<SecretBytes> decrypted(SecretVersion version);
  Result<std::vector<Secret>> read(const std::string& secret, const Found& found,
                                   std::optional<ByteView> pem_password);
  Result<ReadValue> read_version(const std::string& secret, const SecretVersion& version,
                                 std::optional<ByteView> pem_password) const;

  const SecretManagerSettings settings_;
  const std::shared_ptr<SecretManagerClient> client_;
  const std::shared_ptr<KmsClient> kms_;
  std::mutex mutex_;
  std::map<std::string, Listing> listings_;
  std::uint64_t epoch_ = 0;  ///< forget_cached() begins another: lists of those before are old
};

StoreType secret_manager_store_type();

}  // namespace signet::secrets::google
