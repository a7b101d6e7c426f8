// Every setting of signet.yaml. A row is all it takes to be parsed, checked, overlaid by the
// environment, documented and shown by `signet config show`.

#include "config/schema.h"
#include "config/settings_rows.h"

namespace signet::config {
namespace {

std::vector<Setting> store_rows(std::string_view list, std::string_view name, std::string_view type,
                                std::string_view own, std::string_view mappings,
                                std::string_view kids, Level level, std::string_view summary) {
  return {
      {.path = list, .type = Type::kItems, .summary = summary, .level = level},
      {.path = name,
       .summary = "The store's name in the API, in logs and in health.",
       .level = level,
       .is_required = true},
      {.path = type, .summary = "The kind of store.", .level = level, .is_required = true},
      {.path = own,
       .type = Type::kOpaque,
       .summary = "What this kind of store needs to know.",
       .level = level},
      {.path = mappings,
       .type = Type::kMappings,
       .summary =
           "Which aliases stand behind a secret ID; the first one is active. Without it those "
           "that the kind of store has by itself; {} for none.",
       .level = level},
      {.path = kids,
       .type = Type::kKids,
       .summary = "Which kid the asymmetric key behind an alias has, instead of its RFC 7638 "
                  "thumbprint or the one that it brings.",
       .level = level},
  };
}

std::vector<Setting> indicium_rows() {
  return {
      {.path = "OpenIDServerSigningSettings",
       .type = Type::kGroup,
       .summary = "Thinkwise Indicium's setting for a shared signing certificate; also read from "
                  "its appsettings.json."},
      {.path = "OpenIDServerSigningSettings.AwsSecretManager",
       .type = Type::kGroup,
       .summary = "AWS Secrets Manager."},
      {.path = "OpenIDServerSigningSettings.AwsSecretManager.SecretName",
       .summary = "The secret that holds the certificate.",
       .is_required = true},
      {.path = "OpenIDServerSigningSettings.KeyVaultCertificateUrl",
       .type = Type::kUri,
       .summary = "The certificate in Azure Key Vault."},
  };
}

}  // namespace

const std::vector<Setting>& settings() {
  static const std::vector<Setting> rows = [] {
    std::vector<Setting> all = server_settings();
    const auto add = [&all](std::vector<Setting> more) {
      all.insert(all.end(), more.begin(), more.end());
    };
    add(key_settings());
    add(service_settings());
    add(sealing_key_settings());
    add(store_rows("secret_stores[]", "secret_stores[].name", "secret_stores[].type",
                   "secret_stores[].settings", "secret_stores[].mappings", "secret_stores[].kids",
                   Level::kServer,
                   "Where secrets live, asked in this order after the stores of the realm. Without "
                   "any, one local_certificate store named \"local\" in <data_dir>/keys."));
    add(realm_settings());
    add(client_settings());
    add(resource_server_settings());
    add(inject_policy_settings());
    add(store_rows("realms[].secret_stores[]", "realms[].secret_stores[].name",
                   "realms[].secret_stores[].type", "realms[].secret_stores[].settings",
                   "realms[].secret_stores[].mappings", "realms[].secret_stores[].kids",
                   Level::kRealm, "Secret stores of this realm, asked before the global ones."));
    add(indicium_rows());
    return all;
  }();
  return rows;
}

}  // namespace signet::config
