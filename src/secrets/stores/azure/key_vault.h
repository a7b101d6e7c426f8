#pragma once
// The way to one Azure Key Vault: challenge, token, request, answer.

#include <atomic>
#include <memory>
#include <string>
#include <string_view>

#include "secrets/stores/azure/credential.h"
#include "secrets/stores/azure/key_vault_wire.h"
#include "secrets/stores/shared/quiet_period.h"
#include "secrets/stores/store.h"

namespace signet::secrets::azure {

/// Of one call.
inline constexpr Milliseconds kTimeout{4'000};
/// A name that no secret or key has: asking for it tells what the credential may do.
inline constexpr std::string_view kProbe = "signet-probe-of-the-right-to-read";

/// An answer of 2xx.
struct VaultAnswer {
  json::Object body;
  std::optional<Instant> date;  ///< of the vault's own clock, if it told
};

/// That there is no such object or version any more, or that it is disabled.
bool is_gone(const Error& error);
/// Gives the secrets of each version its window: other than the value it may change.
void set_windows(std::vector<Secret>& secrets, const std::vector<Version>& versions);

/// Shared by all threads. Before the first token goes out, the vault is asked without one, and has
/// to name the domain it lies under in its challenge (check_challenge); a token that is refused is
/// got anew once. Errors: those of error_of, check_challenge and Credential, of the HTTP client,
/// and kUnavailable "azure_throttled" while the vault is left alone (QuietPeriod).
class KeyVault {
 public:
  KeyVault(StoreName store, VaultAddress vault, CredentialSettings credential,
           StoreContext context);

  /// `path` begins with a slash and needs no escapes: "/secrets/name/version".
  Task<VaultAnswer> get(std::string path, std::string query = std::string());
  Task<VaultAnswer> post(std::string path, std::string body, Milliseconds timeout);

  /// All versions of an object of "secrets" or "keys", in no order. Unknown: an empty list.
  Task<std::vector<Version>> versions(std::string collection, std::string name);
  /// The names of all enabled objects.
  Task<std::vector<Alias>> names(std::string collection);

  const VaultAddress& address() const { return vault_; }

 private:
  Task<net::OutboundResponse> send(std::string method, std::string url, std::string body,
                                   Milliseconds timeout);
  Task<Done> know_challenge();
  Status check(const net::OutboundResponse& unauthorised) const;
  Task<net::OutboundResponse> send_once(net::OutboundRequest request);
  Task<VaultAnswer> call(std::string method, std::string url, std::string what, std::string body,
                         Milliseconds timeout);
  Result<std::string> next_page(const std::string& link) const;
  Error at_store(Error error) const;

  StoreName store_;
  VaultAddress vault_;
  StoreContext context_;
  Credential credential_;
  QuietPeriod quiet_;
  std::atomic<bool> is_challenge_known_{false};
};

}  // namespace signet::secrets::azure
