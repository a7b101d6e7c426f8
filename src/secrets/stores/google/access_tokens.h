#pragma once
// Access tokens for Google's APIs: had once, used by all, renewed before they end.

#include <mutex>
#include <optional>
#include <vector>

#include "secrets/stores/folder.h"
#include "secrets/stores/google/credentials.h"
#include "secrets/stores/settings.h"
#include "secrets/stores/store.h"

namespace signet::secrets::google {

/// Where the credentials come from. With no file: GOOGLE_APPLICATION_CREDENTIALS, then gcloud's
/// own file where there is one, then the metadata server (GCE_METADATA_HOST).
struct CredentialSettings {
  std::string file;
  std::string account = "default";  ///< of the metadata server
  FileRules rules;
};
/// Settings that every Google store has: "credentials_file", "serviceAccount", ...
SettingNames credential_settings();
CredentialSettings read_credential_settings(SettingsReader& reader);

/// Shared by all threads. One renewal at a time, whoever asks; while a token is still good a failed
/// renewal is tried again after ten seconds and nobody waits for it.
class AccessTokens : public std::enable_shared_from_this<AccessTokens> {
 public:
  using Token = std::shared_ptr<const SecretBytes>;

  AccessTokens(CredentialSettings settings, StoreContext context);

  /// kConfig "google_credentials_missing", "google_http_missing" and those of credentials.h,
  /// folder.h and HttpClient.
  Task<Token> get();
  /// Google refused this token: it is not given again.
  void reject(const Token& token);

 private:
  struct Current {
    AccessToken token;
    Instant renew_at;
  };
  class Renewal;

  Task<AccessToken> fetch();
  Task<Credentials> credentials();
  Result<Credentials> find_credentials() const;
  Result<std::optional<Credentials>> read_file(const std::string& path) const;
  Task<AccessToken> exchange(ExternalAccount account);
  Task<net::OutboundResponse> send(net::OutboundRequest request);
  void finish(Result<AccessToken> result);

  const CredentialSettings settings_;
  const StoreContext context_;
  std::mutex mutex_;
  std::optional<Current> current_;
  bool renewing_ = false;
  Instant not_before_{};  ///< of the next renewal, after one that failed
  std::vector<async::OneShot<Token>> waiting_;
};

}  // namespace signet::secrets::google
