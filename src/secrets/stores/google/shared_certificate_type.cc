// The row of "google_shared_certificate".

#include "secrets/stores/google/shared_certificate_type.h"
#include "secrets/stores/google/google_answer.h"
#include "secrets/stores/google/secret_manager_slot.h"
#include "secrets/stores/shared/shared_certificate.h"

namespace signet::secrets::google {

StoreType shared_certificate_store_type() {
  StoreType type;
  type.name = "google_shared_certificate";
  type.ordering = Ordering::kByMapping;
  type.summary =
      "The signing certificate that makes itself, once for every instance, in Google Secret "
      "Manager.";
  const SettingNames own = {
      {"project", "the Google Cloud project; required"},
      {"location", "of a regional secret, e.g. europe-west3; default a global one"},
      {"secret", "the name of the secret; required"},
      {"endpoint", "another address of the service; default https://secretmanager.googleapis.com"},
  };
  type.settings = joined({own, credential_settings(), shared_certificate_settings()});
  type.make = [](StoreName name, const json::Object& settings,
                 StoreContext context) -> Result<std::shared_ptr<Store>> {
    const StoreType self = shared_certificate_store_type();
    SettingsReader reader(name, settings, self.settings);
    const std::string project = reader.required_text("project");
    const std::string location = reader.text("location");
    const std::string secret = reader.required_text("secret");
    if (!project.empty() && !is_project(project)) reader.complain("'project' is no project ID");
    if (!location.empty() && !is_resource_id(location, 63))
      reader.complain("'location' is no location");
    if (!secret.empty() && !is_secret_name(secret))
      reader.complain("'secret' must be letters, digits, '-' and '_', 255 at most");
    const std::string endpoint = read_endpoint(reader, "endpoint", secret_manager_host(location));
    const CredentialSettings credentials = read_credential_settings(reader);
    SharedCertificateSettings mine = read_shared_certificate_settings(reader);
    TRY(reader.done());
    auto client = std::make_shared<SecretManagerClient>(
        std::make_shared<GoogleApi>(endpoint, credentials, context), project, location);
    auto slot = std::make_shared<SecretManagerSlot>(std::move(client), secret);
    return make_shared_certificate_store(std::move(name), std::move(mine), std::move(slot),
                                         std::move(context));
  };
  return type;
}

}  // namespace signet::secrets::google
