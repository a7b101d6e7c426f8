#include "secrets/stores/shared/shared_certificate.h"

namespace signet::secrets {

SettingNames shared_certificate_settings() {
  return {
      {"alias", "what mappings call the certificate; default certificate"},
      {"key", "the kind of key that is made; default RSA-2048"},
      {"common_name", "the name in the certificate that is made; default Signet"},
      {"validity_days", "how long the certificate that is made is valid; default 3650"},
      {"reread_seconds", "how often the service is asked whether it changed; default 60"},
      {"value_password",
       "the secret ID of the password of a PFX or PEM that was put there by others; default none"},
  };
}

SharedCertificateSettings read_shared_certificate_settings(SettingsReader& reader) {
  constexpr std::int64_t kMostDays = 36'500;
  constexpr std::int64_t kDay = 86'400;
  SharedCertificateSettings mine;
  mine.alias = reader.text("alias", mine.alias);
  if (const Status usable = check_local_alias(mine.alias); !usable) {
    reader.complain(usable.error().detail);
  }
  const auto key = parse_key_spec(reader.text("key", "RSA-2048"));
  if (!key) {
    reader.complain(key.error().detail);
  } else if (key->type != KeySpec::Type::kKeyPair) {
    reader.complain("'key' must be a key pair: a symmetric key has no certificate");
  } else {
    mine.key = *key;
  }
  mine.terms.common_name = reader.text("common_name", mine.terms.common_name);
  if (mine.terms.common_name.empty() || mine.terms.common_name.size() > 64) {
    reader.complain("'common_name' must have 1 to 64 characters");
  }
  mine.terms.validity_days =
      static_cast<int>(reader.number("validity_days", mine.terms.validity_days, 1, kMostDays));
  mine.reread = Seconds(reader.number("reread_seconds", mine.reread.count(), 1, kDay));
  mine.value_password = reader.password_id("value_password");
  return mine;
}

}  // namespace signet::secrets
