#pragma once
// The shared signing certificate in Secret Manager.

#include "secrets/stores/google/secret_manager_client.h"
#include "secrets/stores/shared/shared_slot.h"

namespace signet::secrets::google {

/// The value is version 1 of a secret. The service numbers versions one after the other, so of any
/// number of instances that add one exactly one gets the 1, whoever made the secret; all read that
/// one from then on. A version that came too late is destroyed again, where that is allowed. An
/// operator who disables or destroys version 1 and adds another gives the value: then the newest is
/// read.
class SecretManagerSlot : public SharedSlot,
                          public std::enable_shared_from_this<SecretManagerSlot> {
 public:
  SecretManagerSlot(std::shared_ptr<SecretManagerClient> client, std::string secret);

  /// kConfig "google_shared_disabled" where there are versions and none may be read: no reason to
  /// make a new value. Denied counts as nothing, since a right on one secret alone says so of a
  /// secret that is not there; create() then tells.
  Task<std::optional<SecretBytes>> read() override;
  /// A try whose answer was lost is recognised by the bytes; the token is not needed. kDenied
  /// "google_denied" names the rights that are missing.
  Task<Created> create(std::shared_ptr<const SecretBytes> value,
                       std::string request_token) override;
  std::string describe() const override;
  std::string right_to_read() const override {
    return "secretmanager.versions.access (roles/secretmanager.secretAccessor)";
  }

 private:
  Task<Created> add(std::shared_ptr<const SecretBytes> value);
  Error in_this_slot(Error error) const;

  const std::shared_ptr<SecretManagerClient> client_;
  const std::string secret_;
};

}  // namespace signet::secrets::google
