// Which credential it is: the settings first, then the environment.

#include <algorithm>

#include "base/text.h"
#include "http/form.h"
#include "secrets/stores/azure/credential.h"

namespace signet::secrets::azure {
namespace {

constexpr std::string_view kPublicAuthority = "https://login.microsoftonline.com";
constexpr std::string_view kMetadataService = "http://169.254.169.254";

using Environment = std::map<std::string, std::string>;

bool is_near(std::string_view host) {
  return host == "localhost" || host == "[::1]" || host.starts_with("127.") ||
         host.starts_with("169.254.");
}

// Secrets go there: https, or a place that is on this machine or link.
void check_endpoint(SettingsReader& reader, std::string_view what, const std::string& url) {
  const auto uri = http::parse_http_uri(url);
  if (!uri) {
    reader.complain(std::string(what) + ": " + uri.error().detail);
  } else if (uri->scheme != "https" && !is_near(uri->host)) {
    reader.complain(std::string(what) + " must be https: " + quoted_url(url));
  }
}

bool is_tenant(std::string_view text) {
  return !text.empty() && text.size() <= 128 && std::all_of(text.begin(), text.end(), [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' ||
           c == '.';
  });
}

CredentialKind kind_of(SettingsReader& reader, const std::string& chosen, bool has_secret,
                       bool has_certificate, const Environment& environment) {
  if (chosen == "client_secret") return CredentialKind::kClientSecret;
  if (chosen == "client_certificate") return CredentialKind::kClientCertificate;
  if (chosen == "workload_identity") return CredentialKind::kWorkloadIdentity;
  const bool is_app_service = !variable(environment, "IDENTITY_ENDPOINT").empty();
  const auto managed =
      is_app_service ? CredentialKind::kAppService : CredentialKind::kManagedIdentity;
  if (chosen == "managed_identity") return managed;
  if (chosen != "auto") {
    reader.complain(
        "'credential' must be auto, client_secret, client_certificate, workload_identity or "
        "managed_identity");
  }
  if (has_secret) return CredentialKind::kClientSecret;
  if (has_certificate) return CredentialKind::kClientCertificate;
  if (!variable(environment, "AZURE_FEDERATED_TOKEN_FILE").empty()) {
    return CredentialKind::kWorkloadIdentity;
  }
  return managed;
}

}  // namespace

SettingNames credential_settings() {
  return {
      {"credential",
       "auto (default), client_secret, client_certificate, workload_identity or managed_identity"},
      {"tenant_id", "the directory of the app registration; default AZURE_TENANT_ID"},
      {"client_id",
       "the app registration, or the user-assigned managed identity; default AZURE_CLIENT_ID"},
      {"client_secret",
       "the secret ID of the app's secret, held by another store; default AZURE_CLIENT_SECRET"},
      {"client_certificate",
       "a PEM file with the app's key and certificate; default AZURE_CLIENT_CERTIFICATE_PATH"},
      {"federated_token_file",
       "the file of the workload's token; default AZURE_FEDERATED_TOKEN_FILE"},
      {"authority",
       "who gives tokens; default AZURE_AUTHORITY_HOST, else https://login.microsoftonline.com"},
  };
}

CredentialSettings read_credential(SettingsReader& reader, const Environment& environment) {
  const auto setting = [&](std::string_view name, const std::string& otherwise) {
    return reader.text(name, variable(environment, otherwise));
  };
  CredentialSettings mine;
  mine.tenant = setting("tenant_id", "AZURE_TENANT_ID");
  mine.client_id = setting("client_id", "AZURE_CLIENT_ID");
  mine.client_secret = reader.password_id("client_secret");
  const std::string certificate = setting("client_certificate", "AZURE_CLIENT_CERTIFICATE_PATH");
  const std::string token_file = setting("federated_token_file", "AZURE_FEDERATED_TOKEN_FILE");
  mine.authority = reader.text("authority");
  if (mine.authority.empty()) mine.authority = variable(environment, "AZURE_AUTHORITY_HOST");
  if (mine.authority.empty()) mine.authority = std::string(kPublicAuthority);
  while (mine.authority.ends_with('/'))
    mine.authority.pop_back();
  check_endpoint(reader, "'authority'", mine.authority);

  const bool has_secret =
      mine.client_secret || !variable(environment, "AZURE_CLIENT_SECRET").empty();
  mine.kind = kind_of(reader, reader.text("credential", "auto"), has_secret, !certificate.empty(),
                      environment);
  switch (mine.kind) {
    case CredentialKind::kClientSecret:
      if (!has_secret) reader.complain("'client_secret' is required, or AZURE_CLIENT_SECRET");
      break;
    case CredentialKind::kClientCertificate:
      mine.file = certificate;
      if (certificate.empty()) reader.complain("'client_certificate' is required");
      break;
    case CredentialKind::kWorkloadIdentity:
      mine.file = token_file;
      if (token_file.empty()) reader.complain("'federated_token_file' is required");
      break;
    case CredentialKind::kAppService:
      mine.endpoint = variable(environment, "IDENTITY_ENDPOINT");
      check_endpoint(reader, "IDENTITY_ENDPOINT", mine.endpoint);
      if (!variable(environment, "IMDS_ENDPOINT").empty() ||
          !variable(environment, "IDENTITY_SERVER_THUMBPRINT").empty()) {
        reader.complain("the managed identities of Azure Arc and Service Fabric are not supported");
      }
      return mine;
    case CredentialKind::kManagedIdentity:
      mine.endpoint = variable(environment, "AZURE_POD_IDENTITY_AUTHORITY_HOST");
      if (mine.endpoint.empty()) mine.endpoint = std::string(kMetadataService);
      while (mine.endpoint.ends_with('/'))
        mine.endpoint.pop_back();
      check_endpoint(reader, "AZURE_POD_IDENTITY_AUTHORITY_HOST", mine.endpoint);
      mine.endpoint += "/metadata/identity/oauth2/token";
      return mine;
  }
  if (!is_tenant(mine.tenant)) reader.complain("'tenant_id' is required: a GUID or a domain");
  if (mine.client_id.empty()) reader.complain("'client_id' is required");
  return mine;
}

}  // namespace signet::secrets::azure
