#pragma once
// The shared signing certificate in Azure Key Vault, as Thinkwise Indicium keeps it: needs the
// permissions "get" on secrets and "import" on certificates, and nothing else.

#include "async/pause.h"
#include "secrets/stores/azure/key_vault.h"
#include "secrets/stores/catalog.h"
#include "secrets/stores/shared/shared_slot.h"

namespace signet::secrets::azure {

/// Key Vault has no create-only write: an import makes a new version, and of two at once the later
/// one stays. So a version counts only once it has been the current one for the settling time, by
/// the vault's own clock; and whoever imports has seen, less than the settling time before, that
/// there was nothing. Then no import can follow a version that somebody has taken: its importer
/// would have seen it. All instances end with the same one.
class CertificateSlot : public SharedSlot {
 public:
  CertificateSlot(std::shared_ptr<KeyVault> vault, std::string name, Seconds settling,
                  std::shared_ptr<Clock> clock, async::Pause pause = async::pause);

  Task<std::optional<SecretBytes>> read() override;
  /// `value`: PEM of a key and its certificate. kUnsupported "azure_key_unsupported" for kinds that
  /// Key Vault does not know (Ed25519).
  Task<Created> create(std::shared_ptr<const SecretBytes> value,
                       std::string request_token) override;
  std::string describe() const override;
  std::string right_to_read() const override { return "secrets/get"; }

 private:
  struct Found {
    SecretBundle bundle;
    Seconds age;  ///< of the version, rounded down
  };
  Task<std::optional<Found>> look();

  std::shared_ptr<KeyVault> vault_;
  std::string name_;
  Seconds settling_;
  std::shared_ptr<Clock> clock_;
  async::Pause pause_;
};

StoreType certificate_store_type();

}  // namespace signet::secrets::azure
