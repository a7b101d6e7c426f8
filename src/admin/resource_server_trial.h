#pragma once
// What would go wrong with a resource server's tokens, found before they are asked for.

#include "admin/admin_api.h"
#include "resource_servers/resource_server.h"

namespace signet::admin {

/// How far a trial goes.
enum class Trial : std::uint8_t {
  kWhole,
  /// An URL whose keys cannot be had is no failure; the outcome says so.
  kUnlessUnreachable,
  /// Nothing is fetched: before the server runs.
  kInlineOnly,
};

struct TrialOutcome {
  bool untested = false;
  std::vector<std::string> warnings;  ///< what is wrong with the realm, in words
};

/// Encrypts a trial text as a token would be. kConfig "resource_server_trial_failed" with the
/// reason in words.
Task<TrialOutcome> try_encryption(const AdminServices& services, RealmName realm,
                                  resource_servers::ResourceServer server, Trial trial);

}  // namespace signet::admin
