// The row of "google_secret_manager": its settings, and what they make.

#include "base/text.h"
#include "secrets/stores/google/google_answer.h"
#include "secrets/stores/google/secret_manager_store.h"

namespace signet::secrets::google {
namespace {

bool is_kms_format(ValueFormat format) {
  return format == ValueFormat::kGoogleKmsEncrypted ||
         format == ValueFormat::kGoogleKmsEncryptedHmacKey ||
         format == ValueFormat::kGoogleKmsEncryptedPem;
}

/// projects/P/locations/L/keyRings/R/cryptoKeys/K, perhaps with /cryptoKeyVersions/N.
bool is_kms_resource(std::string_view name) {
  const auto parts = split(name, '/');
  if (parts.size() != 8 && parts.size() != 10) return false;
  constexpr std::string_view kWords[] = {"projects", "locations", "keyRings", "cryptoKeys",
                                         "cryptoKeyVersions"};
  for (std::size_t i = 0; i < parts.size(); ++i) {
    const bool fits = i % 2 == 0 ? parts[i] == kWords[i / 2]
                      : i == 1   ? is_project(parts[i])
                                 : is_resource_id(parts[i], 63);
    if (!fits) return false;
  }
  return true;
}

SecretManagerSettings read_settings(SettingsReader& reader) {
  constexpr std::int64_t kMostSeconds = 86'400;
  SecretManagerSettings mine;
  mine.format = reader.value_format("secretFormat", ValueFormat::kPlain);
  mine.expiry =
      Seconds(reader.number("expiryDurationSeconds", mine.expiry.count(), 0, kMostSeconds));
  mine.short_kid = reader.flag("stableIdVersionOnly", false);
  mine.kms_key = reader.text("kmsDecryptionKey");
  if (is_kms_format(mine.format) != !mine.kms_key.empty()) {
    reader.complain("'kmsDecryptionKey' stands with the formats GOOGLE_KMS_*, and only with them");
  }
  if (!mine.kms_key.empty() && !is_kms_resource(mine.kms_key)) {
    reader.complain(
        "'kmsDecryptionKey' must be the whole name of a key: "
        "projects/P/locations/L/keyRings/R/cryptoKeys/K, with /cryptoKeyVersions/N for an "
        "asymmetric one");
  }
  return mine;
}

}  // namespace

StoreType secret_manager_store_type() {
  StoreType type;
  type.name = "google_secret_manager";
  type.ordering = Ordering::kByStore;
  type.summary = "Google Secret Manager; the versions of a secret are its rotation.";
  const SettingNames own = {
      {"project", "the Google Cloud project; required"},
      {"location", "of regional secrets, e.g. europe-west3; default global secrets"},
      {"secretFormat", "how every value of the store is written, e.g. PEM; default PLAIN"},
      {"expiryDurationSeconds",
       "how long the list of a secret's versions is kept; a new version shows at once all the "
       "same; default 600"},
      {"stableIdVersionOnly",
       "use the bare version number as kid, as AM 7 did; default false: "
       "secrets/NAME/versions/N"},
      {"kmsDecryptionKey", "the Cloud KMS key of values in the formats GOOGLE_KMS_*"},
      {"endpoint", "another address of the service; default https://secretmanager.googleapis.com"},
      {"kmsEndpoint", "another address of Cloud KMS; default https://cloudkms.googleapis.com"},
  };
  type.settings = joined({own, credential_settings()});
  type.make = [](StoreName name, const json::Object& settings,
                 StoreContext context) -> Result<std::shared_ptr<Store>> {
    const StoreType self = secret_manager_store_type();
    SettingsReader reader(name, settings, self.settings);
    const std::string project = reader.required_text("project");
    const std::string location = reader.text("location");
    if (!project.empty() && !is_project(project)) reader.complain("'project' is no project ID");
    if (!location.empty() && !is_resource_id(location, 63))
      reader.complain("'location' is no location");
    SecretManagerSettings mine = read_settings(reader);
    const std::string endpoint = read_endpoint(reader, "endpoint", secret_manager_host(location));
    const std::string kms_endpoint = read_endpoint(reader, "kmsEndpoint", std::string(kKmsHost));
    const CredentialSettings credentials = read_credential_settings(reader);
    TRY(reader.done());
    auto client = std::make_shared<SecretManagerClient>(
        std::make_shared<GoogleApi>(endpoint, credentials, context), project, location);
    std::shared_ptr<KmsClient> kms;
    if (!mine.kms_key.empty()) {
      kms = std::make_shared<KmsClient>(
          std::make_shared<GoogleApi>(kms_endpoint, credentials, context), "");
    }
    return std::shared_ptr<Store>(std::make_shared<SecretManagerStore>(
        std::move(name), std::move(mine), std::move(client), std::move(kms), std::move(context)));
  };
  return type;
}

}  // namespace signet::secrets::google
