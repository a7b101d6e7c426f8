#pragma once
// How Signet proves to Microsoft Entra ID who it is, and the access tokens that it gets for it.

#include <memory>
#include <mutex>
#include <optional>
#include <string>

#include "async/single_flight.h"
#include "secrets/stores/settings.h"
#include "secrets/stores/store.h"

namespace signet::secrets::azure {

enum class CredentialKind : std::uint8_t {
  kClientSecret,       ///< of an app registration
  kClientCertificate,  ///< an assertion signed by its key (RFC 7523)
  kWorkloadIdentity,   ///< an assertion that a platform writes into a file (AKS)
  kManagedIdentity,    ///< the metadata service of a virtual machine
  kAppService,         ///< IDENTITY_ENDPOINT of App Service, Functions and Container Apps
};

struct CredentialSettings {
  CredentialKind kind = CredentialKind::kManagedIdentity;
  std::string tenant, client_id;
  std::optional<SecretId> client_secret;  ///< none: AZURE_CLIENT_SECRET
  std::string file;       ///< of the certificate and its key in PEM, or of the assertion
  std::string authority;  ///< "https://login.microsoftonline.com"
  std::string endpoint;   ///< of the managed identity
};

/// The settings that every Azure store has for it; append them to the type's.
SettingNames credential_settings();
/// What the settings say, and where they say nothing the environment: AZURE_CLIENT_SECRET,
/// AZURE_CLIENT_CERTIFICATE_PATH or AZURE_FEDERATED_TOKEN_FILE with AZURE_TENANT_ID and
/// AZURE_CLIENT_ID; else the managed identity. Chosen once: a credential that fails is an error,
/// and no other one takes its place.
CredentialSettings read_credential(SettingsReader& reader,
                                   const std::map<std::string, std::string>& environment);

/// Access tokens, kept until five minutes before their end. Shared by all threads; must outlive its
/// calls. However many ask at once, one login is made.
class Credential {
 public:
  using Token = std::shared_ptr<const SecretBytes>;

  Credential(CredentialSettings settings, StoreContext context);

  /// A token for "https://vault.azure.net". kDenied "azure_login_refused"; kUnavailable
  /// "azure_login_unavailable"; kConfig "azure_credential_unreadable". While the old token is good,
  /// a failure to get a new one is no failure.
  Task<Token> token(std::string resource);
  /// The service did not take it: the next call gets a new one.
  void forget(const Token& refused);

  const std::string& tenant() const { return settings_.tenant; }

 private:
  struct Held {
    Token text;
    Instant refresh_at, good_until;
  };
  Task<Token> renew(std::string resource);
  Task<Held> log_in(std::string resource);
  Task<net::OutboundRequest> request_for(std::string resource);
  Task<std::string> assertion(std::string token_url);
  Task<std::shared_ptr<const SecretBytes>> client_secret();

  CredentialSettings settings_;
  StoreContext context_;
  async::SingleFlight<Token> logins_;
  std::mutex mutex_;
  std::optional<Held> held_;
};

}  // namespace signet::secrets::azure
