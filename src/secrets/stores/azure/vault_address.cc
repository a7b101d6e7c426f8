#include "secrets/stores/azure/vault_address.h"

#include <algorithm>
#include <array>

#include "base/loopback.h"
#include "base/text.h"
#include "http/form.h"

namespace signet::secrets::azure {
namespace {

constexpr std::array<std::string_view, 5> kDomains = {
    "vault.azure.net", "vault.azure.cn", "vault.usgovcloudapi.net", "managedhsm.azure.net",
    "managedhsm.usgovcloudapi.net"};
constexpr std::size_t kLongestName = 127;

Error address_invalid(std::string detail) {
  return Error{Code::kConfig, "azure_vault_invalid", std::move(detail)};
}
Error challenge_invalid(std::string_view why) {
  return Error{Code::kConfig, "azure_challenge_invalid",
               "the vault did not ask for a token as Key Vault does: " + std::string(why)};
}

std::string origin_of(const http::HttpUri& uri) {
  std::string origin = uri.scheme + "://" + uri.host;
  if (uri.port != (uri.scheme == "https" ? 443 : 80)) origin += ":" + std::to_string(uri.port);
  return origin;
}

Result<VaultAddress> vault_of(const http::HttpUri& uri, std::string_view domain) {
  if (uri.scheme != "https" && !is_loopback(uri.host)) {
    return address_invalid("a vault is reached by https only: " + quoted(uri.host));
  }
  VaultAddress vault;
  vault.origin = origin_of(uri);
  if (!domain.empty()) {
    vault.domain = to_lower(domain);
    const bool is_under = uri.host == vault.domain || uri.host.ends_with("." + vault.domain);
    if (!is_under) {
      return address_invalid("the vault " + quoted(uri.host) + " does not lie under " +
                             quoted(domain));
    }
  } else {
    const auto found = std::find_if(kDomains.begin(), kDomains.end(), [&](std::string_view known) {
      return uri.host.ends_with("." + std::string(known));
    });
    if (found == kDomains.end()) {
      return address_invalid(quoted(uri.host) +
                             " does not lie under a domain of Azure's vaults, such as "
                             "vault.azure.net; for another cloud, set 'vault_domain'");
    }
    vault.domain = std::string(*found);
  }
  vault.resource = "https://" + vault.domain;
  return vault;
}

// The value of name="value" in a challenge; the last segment decides nothing, so any order is fine.
std::string parameter(std::string_view challenge, std::string_view name) {
  std::size_t at = 0;
  while ((at = challenge.find(name, at)) != challenge.npos) {
    const bool begins = at == 0 || challenge[at - 1] == ' ' || challenge[at - 1] == ',';
    const std::string_view rest = challenge.substr(at + name.size());
    at += name.size();
    if (!begins || !rest.starts_with("=\"")) continue;
    const std::size_t end = rest.find('"', 2);
    if (end == rest.npos) return {};
    return std::string(rest.substr(2, end - 2));
  }
  return {};
}

}  // namespace

Result<VaultAddress> parse_vault(std::string_view url, std::string_view domain) {
  const auto uri = http::parse_http_uri(url);
  if (!uri) return address_invalid(uri.error().detail);
  if ((uri->path != "" && uri->path != "/") || uri->has_query) {
    return address_invalid("the vault is named by scheme and host alone: " + quoted_url(url));
  }
  return vault_of(*uri, domain);
}

Result<CertificateAddress> parse_certificate_url(std::string_view url, std::string_view domain) {
  const auto uri = http::parse_http_uri(url);
  if (!uri) return address_invalid(uri.error().detail);
  CertificateAddress address;
  TRY(address.vault, vault_of(*uri, domain));
  std::string_view path = uri->path;
  for (const std::string_view collection : {"/certificates/", "/secrets/"}) {
    if (!path.starts_with(collection)) continue;
    path.remove_prefix(collection.size());
    if (path.ends_with('/')) path.remove_suffix(1);
    if (!is_object_name(path) || uri->has_query) break;
    address.name = std::string(path);
    return address;
  }
  return address_invalid(
      "the URL of a certificate is https://NAME.vault.azure.net/certificates/NAME, without a "
      "version: " +
      quoted_url(url));
}

bool is_object_name(std::string_view name) {
  return !name.empty() && name.size() <= kLongestName &&
         std::all_of(name.begin(), name.end(), [](char c) {
           return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
                  c == '-';
         });
}

Result<Challenge> parse_challenge(std::string_view header) {
  const auto rest = http::authorization(header, "Bearer");
  if (!rest) return challenge_invalid("there is no Bearer challenge");
  const auto authority = http::parse_http_uri(parameter(*rest, "authorization"));
  std::string target = parameter(*rest, "resource");
  if (target.empty()) {
    target = parameter(*rest, "scope");
    constexpr std::string_view kDefault = "/.default";
    if (target.ends_with(kDefault)) target.resize(target.size() - kDefault.size());
  }
  const auto resource = http::parse_http_uri(target);
  if (!authority) return challenge_invalid("it names no authority");
  if (!resource) return challenge_invalid("it names no resource");
  Challenge challenge;
  std::string_view path = authority->path;
  if (path.starts_with('/')) path.remove_prefix(1);
  challenge.tenant = std::string(path.substr(0, path.find('/')));
  challenge.resource_host = resource->host;
  return challenge;
}

Status check_challenge(const Challenge& challenge, const VaultAddress& vault,
                       std::string_view tenant) {
  if (challenge.resource_host != vault.domain) {
    return Error{Code::kConfig, "azure_challenge_foreign",
                 "the vault asks for a token for " + quoted(challenge.resource_host) +
                     ", but it lies under " + quoted(vault.domain) + ": no token was sent"};
  }
  const bool is_same = tenant.empty() || equal_ignoring_case(tenant, challenge.tenant) ||
                       tenant.find('.') != tenant.npos;  // a domain name; the vault tells the GUID
  if (!is_same) {
    return Error{Code::kConfig, "azure_tenant_differs",
                 "the vault belongs to the tenant " + quoted(challenge.tenant) +
                     ", and the credential to " + quoted(tenant) + ": no token was sent"};
  }
  return Done{};
}

}  // namespace signet::secrets::azure
