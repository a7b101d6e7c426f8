#pragma once
// How Signet proves to Vault who it is, and the way there.

#include <memory>
#include <mutex>
#include <optional>
#include <string>

#include "async/single_flight.h"
#include "secrets/stores/settings.h"
#include "secrets/stores/shared/quiet_period.h"
#include "secrets/stores/store.h"
#include "secrets/stores/vault/vault_wire.h"

namespace signet::secrets::vault {

struct SessionSettings {
  enum class Method : std::uint8_t { kToken, kTokenFile, kAppRole, kKubernetes };

  std::string address;          ///< without "/v1"
  std::string vault_namespace;  ///< empty: none
  Method method = Method::kToken;
  std::string auth_mount;          ///< "approle", "kubernetes"
  std::optional<SecretId> secret;  ///< the token, or AppRole's secret_id; none: the environment
  std::string file;                ///< of the token, the secret_id or the workload's JWT
  std::string role;                ///< AppRole's role_id, or the Kubernetes role
};

/// The settings that every Vault store has for it; append them to the type's.
SettingNames session_settings();
/// What the settings say, and where they say nothing VAULT_ADDR, VAULT_NAMESPACE and VAULT_TOKEN.
SessionSettings read_session(SettingsReader& reader,
                             const std::map<std::string, std::string>& environment);

/// One session with Vault or OpenBao. Shared by all threads. The token is renewed when two thirds
/// of its life are over, and got anew where it cannot be. Errors: those of error_of and of the HTTP
/// client; kDenied "vault_login_refused"; kConfig "vault_credential_unreadable"; kUnavailable
/// "vault_throttled" while Vault is left alone (QuietPeriod).
class Session : public std::enable_shared_from_this<Session> {
 public:
  Session(StoreName store, SessionSettings settings, StoreContext context);

  /// `path` is what stands behind "/v1/", encoded. Any answer that is not 2xx is an error.
  Task<json::Object> call(std::string method, std::string path, std::string body = std::string());
  /// The same with whatever was answered.
  Task<net::OutboundResponse> ask(std::string method, std::string path,
                                  std::string body = std::string());
  /// Reaches Vault and proves that it is open and knows the token.
  Task<Done> look_up_self();
  /// That the mount is of this type ("transit", or "kv" of version 2). kConfig
  /// "vault_mount_wrong"; a token that may not ask is not an error.
  Task<Done> check_mount(std::string mount, std::string type);

  const std::string& address() const { return settings_.address; }
  Error at_store(Error error) const;

 private:
  using Token = std::shared_ptr<const SecretBytes>;
  struct Held {
    Lease lease;
    Seconds granted{0};              ///< what the login gave; renewals may give less and less
    Milliseconds renew_at, ends_at;  ///< of the monotone clock
  };

  Task<net::OutboundResponse> send(std::string method, std::string path, std::string body,
                                   Token token);
  Task<Token> token();
  Task<Token> fresh_token();
  Task<Lease> log_in();
  Task<Lease> log_in_at(std::string path, std::string body);
  Task<Lease> look_up(Token token);
  Task<std::shared_ptr<const SecretBytes>> secret();
  std::optional<Held> held() const;
  Token hold(Lease lease, std::optional<Seconds> granted);
  void forget(const Token& dead);

  StoreName store_;
  SessionSettings settings_;
  StoreContext context_;
  QuietPeriod quiet_;
  async::SingleFlight<Token> logins_;
  mutable std::mutex mutex_;
  std::optional<Held> held_;
};

}  // namespace signet::secrets::vault
