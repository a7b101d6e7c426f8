#pragma once
// The signing certificate that makes itself, once, for every instance: a key pair and a self-signed
// certificate in a SharedSlot. For each service: its slot, and a store type that calls the factory
// here.

#include <memory>
#include <optional>
#include <string>

#include "async/pause.h"
#include "secrets/secret_id.h"
#include "secrets/stores/local/key_spec.h"
#include "secrets/stores/settings.h"
#include "secrets/stores/shared/shared_slot.h"
#include "secrets/stores/store.h"

namespace signet::secrets {

struct SharedCertificateSettings {
  std::string alias = "certificate";  ///< the only one that the store knows
  KeySpec key;                        ///< what is made where there is nothing; a key pair
  CertificateTerms terms;
  Seconds reread{60};  ///< how long a value that was read is taken as it was
  /// The secret ID of the password of a PFX or PEM that others put there; none: no password.
  std::optional<SecretId> value_password;
};

/// The settings that every type of shared certificate has beside those of its service: append them
/// to the type's.
SettingNames shared_certificate_settings();
SharedCertificateSettings read_shared_certificate_settings(SettingsReader& reader);

/// By mapping, with one alias. What is in the slot is read as a key bundle (key_bundle.h); where
/// nothing is there, a PEM of key and certificate is made and created, and whoever was first is
/// taken by all. Never uses a key that the slot does not hold, and makes none while the service
/// cannot be asked. Other errors than the slot's own: kConfig "shared_certificate_unusable" (what
/// is there is no key pair), "shared_certificate_unreadable" (it exists and cannot be read).
std::shared_ptr<Store> make_shared_certificate_store(StoreName name,
                                                     SharedCertificateSettings settings,
                                                     std::shared_ptr<SharedSlot> slot,
                                                     StoreContext context,
                                                     async::Pause pause = async::pause);

}  // namespace signet::secrets
