#pragma once
// Which resource server a token is meant for: the rules of the document as one table.

#include <optional>
#include <string>
#include <string_view>

#include "resource_servers/resource_server.h"

namespace signet::resource_servers {

/// What a realm says about its resource servers as a whole: one document of it, so that there is
/// never more than one default.
struct State {
  /// The selected one; empty where it was deleted and the built-in one is not there either.
  std::string default_name{kIdentityProvider};
  /// The present name of the built-in one; empty where it was removed.
  std::string identity_provider{kIdentityProvider};

  static Result<State> from_json(const json::Object& document);
  json::Object to_json() const;
  friend bool operator==(const State&, const State&) = default;
};

/// Parameter → default → Identity Provider → the server's key (an empty name).
std::string_view select(const State& state, std::optional<std::string_view> parameter);

/// The state after a resource server was deleted; kConflict "resource_server_is_default" for the
/// built-in one while it is the default.
Result<State> after_delete(const State& state, std::string_view name);
/// The state after one was renamed; the same refusal.
Result<State> after_rename(const State& state, std::string_view name, std::string_view new_name);

}  // namespace signet::resource_servers
