#pragma once
// The calls of Secret Manager (REST, v1) that Signet makes.

#include "secrets/stores/google/google_api.h"

namespace signet::secrets::google {

/// One version and what it holds.
struct SecretVersion {
  std::uint64_t number = 0;
  std::shared_ptr<const SecretBytes> data;
};

/// Shared by all threads. Names of secrets must have been checked (is_secret_name).
class SecretManagerClient {
 public:
  /// `location` empty: the global service.
  SecretManagerClient(std::shared_ptr<GoogleApi> api, std::string project, std::string location);

  /// `version` is a number or "latest", which is the newest one whatever its state. Bytes that
  /// arrive changed are asked for again, twice; then "google_integrity_failed".
  /// "google_not_found" where there is no such secret or version; "google_failed_precondition"
  /// where the version is disabled or destroyed.
  Task<SecretVersion> access(std::string secret, std::string version);
  /// Numbers of the enabled versions, newest first. "google_denied" without the right to list.
  Task<std::vector<std::uint64_t>> enabled_versions(std::string secret);
  /// Names of all secrets.
  Task<std::vector<std::string>> secrets();
  /// Asks for the names of secrets, one at most: an answer or "google_denied".
  Task<Done> knock();

  /// "google_exists" where there is one.
  Task<Done> create(std::string secret);
  /// The number of the version that was added. A try that was lost is not repeated.
  Task<std::uint64_t> add_version(std::string secret, std::shared_ptr<const SecretBytes> data);
  Task<Done> destroy(std::string secret, std::uint64_t version);

  const std::string& project() const { return project_; }
  /// "projects/P" or "projects/P/locations/L".
  const std::string& parent() const { return parent_; }

 private:
  Task<SecretVersion> access_once(std::string secret, std::string version);

  const std::shared_ptr<GoogleApi> api_;
  const std::string project_, location_, parent_;
};

bool is_secret_name(std::string_view name);
/// The host of the service, of one location if it is not empty.
std::string secret_manager_host(const std::string& location);

}  // namespace signet::secrets::google
