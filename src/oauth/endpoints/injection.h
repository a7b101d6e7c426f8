#pragma once

#include <memory>
#include <optional>
#include <string>

#include "base/clock.h"
#include "resource_servers/inject_policy.h"
#include "tokens/format.h"

namespace signet::oauth {

struct PreparedClient;
struct PreparedResourceServer;
struct RemoteKeySet;

/// The token that a policy gives out until it must be renewed, and what it was made for: it is good
/// only as long as all of that is what it was.
struct InjectedToken {
  std::string header;  ///< the value of Authorization, "Bearer ..."
  Instant expires{};
  Bytes id_hash;  ///< of its jti, for the deny list
  std::uint64_t realm_serial = 0, definitions = 0;
  std::shared_ptr<PreparedClient> client;
  /// Where the resource server publishes its keys by URL: it, and what it published.
  std::shared_ptr<PreparedResourceServer> server;
  std::shared_ptr<const RemoteKeySet> key_set;

  /// An opaque one can be erased from storage, so it is looked up there now and then.
  std::optional<tokens::OpaqueKey> opaque;
  std::uint64_t revocations = 0;  ///< of the token cache, when it was found there
  Instant looked_up{};

  InjectedToken() = default;
  InjectedToken(InjectedToken&&) = default;
  InjectedToken& operator=(InjectedToken&&) = default;
  ~InjectedToken();
};

/// A policy with the token that one worker keeps for it. Belongs to its worker: no sharing, no
/// lock.
struct PreparedPolicy {
  resource_servers::InjectPolicy policy;
  std::optional<InjectedToken> token;
};
using PreparedPolicyPtr = std::shared_ptr<PreparedPolicy>;

}  // namespace signet::oauth
