#include <algorithm>

#include "secrets/stores/aws/secrets_manager.h"
#include "secrets/stores/aws/store_types.h"
#include "secrets/stores/shared/shared_certificate.h"

namespace signet::secrets::aws {
namespace {

/// What CreateSecret takes as a name.
bool is_secret_name(std::string_view name) {
  constexpr std::size_t kLongest = 512;
  return !name.empty() && name.size() <= kLongest &&
         std::all_of(name.begin(), name.end(), [](char c) {
           return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
                  std::string_view("/_+=.@-").find(c) != std::string_view::npos;
         });
}

SettingNames aws_shared_certificate_settings() {
  const SettingNames own = {
      {"secret_name", "the name of the secret, exactly; required"},
      {"kms_key", "the KMS key that encrypts it when it is created; default aws/secretsmanager"},
  };
  return joined({own, access_settings(), shared_certificate_settings()});
}

}  // namespace

StoreType shared_certificate_store_type() {
  StoreType type;
  type.name = "aws_shared_certificate";
  type.ordering = Ordering::kByMapping;
  type.summary =
      "A signing certificate that makes itself once in AWS Secrets Manager, for all instances.";
  type.settings = aws_shared_certificate_settings();
  type.make = [](StoreName name, const json::Object& settings,
                 StoreContext context) -> Result<std::shared_ptr<Store>> {
    const SettingNames known = aws_shared_certificate_settings();
    SettingsReader reader(name, settings, known);
    const std::string secret = reader.required_text("secret_name");
    const std::string kms_key = reader.text("kms_key");
    if (!secret.empty() && !is_secret_name(secret)) {
      reader.complain("'secret_name' may have 1 to 512 letters, digits and /_+=.@-");
    }
    const AccessSettings access_settings = read_access_settings(reader);
    SharedCertificateSettings mine = read_shared_certificate_settings(reader);
    TRY(reader.done());
    auto access = std::make_shared<const Access>(Access{access_settings, context, async::pause});
    auto client = std::make_shared<Client>(kSecretsManager, access);
    return make_shared_certificate_store(std::move(name), std::move(mine),
                                         make_slot(client, access, secret, kms_key),
                                         std::move(context));
  };
  return type;
}

}  // namespace signet::secrets::aws
