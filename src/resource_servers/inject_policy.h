#pragma once
// Token injection: a gateway asks for the header that it passes upstream.

#include <string>
#include <vector>

#include "base/clock.h"
#include "base/json.h"
#include "base/strong.h"

namespace signet::resource_servers {

inline constexpr std::string_view kPolicyKind = "inject_policy";

/// Which token a gateway injects into the requests it passes on. Immutable once made.
struct InjectPolicy {
  std::string name;             ///< 1 to 64 of [A-Za-z0-9._-], no dot first: it stands in a path
  ClientId client;              ///< the gateway: it must prove to be this client
  std::string resource_server;  ///< empty: as without the parameter resourceServer
  std::vector<std::string> scopes;
  Seconds renew_before{60};  ///< a new token when the present one has this long to live

  /// kConfig "settings_invalid".
  static Result<InjectPolicy> from_json(const json::Object& document);
};

}  // namespace signet::resource_servers
