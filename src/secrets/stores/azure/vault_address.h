#pragma once
// Where a vault is, and whether what answers there may be given a token. Dry.

#include <string>
#include <string_view>

#include "base/result.h"

namespace signet::secrets::azure {

/// Where a vault is, and what a token for it must be for.
struct VaultAddress {
  std::string origin;    ///< "https://name.vault.azure.net", nothing behind it
  std::string domain;    ///< "vault.azure.net"
  std::string resource;  ///< "https://vault.azure.net": what tokens are asked for
};
/// `domain` empty: the vault must lie under one of Azure's own (public, China, US government,
/// managed HSM). Plain http only to a loopback address. kConfig "azure_vault_invalid".
Result<VaultAddress> parse_vault(std::string_view url, std::string_view domain);

/// A vault and the name of one certificate in it: "https://name.vault.azure.net/certificates/x",
/// or /secrets/x. kConfig "azure_vault_invalid".
struct CertificateAddress {
  VaultAddress vault;
  std::string name;
};
Result<CertificateAddress> parse_certificate_url(std::string_view url, std::string_view domain);

/// 1 to 127 letters, digits and hyphens.
bool is_object_name(std::string_view name);

/// `WWW-Authenticate: Bearer authorization="https://login…/TENANT", resource="https://…"`.
struct Challenge {
  std::string tenant;
  std::string resource_host;
};
/// kConfig "azure_challenge_invalid".
Result<Challenge> parse_challenge(std::string_view www_authenticate);
/// A token may go to this vault only if the vault itself says that it takes tokens for the domain
/// it lies under: otherwise a foreign host could collect tokens. `tenant` may be empty. kConfig
/// "azure_challenge_foreign", "azure_tenant_differs".
Status check_challenge(const Challenge& challenge, const VaultAddress& vault,
                       std::string_view tenant);

}  // namespace signet::secrets::azure
