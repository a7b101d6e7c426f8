#pragma once

#include <array>
#include <functional>
#include <memory>
#include <string>
#include <unordered_map>

#include "oauth/client.h"
#include "oauth/endpoints/injection.h"
#include "oauth/endpoints/lru_cache.h"
#include "oauth/endpoints/prepared_resource_server.h"
#include "oauth/endpoints/realm_runtime.h"
#include "oauth/endpoints/services.h"

namespace signet::oauth {

/// What a client gets for one scope and one resource server; good as long as all of these are what
/// they were.
struct TokenPlan {
  std::uint64_t realm_serial = 0, definitions = 0;
  std::string asked_scope;  ///< word for word; empty: its default scopes
  PreparedResourceServerPtr server;
  std::shared_ptr<const tokens::ClaimsTemplate> claims;
  bool is_default = false;  ///< the realm's default resource server, which nobody asked for by name
};

/// A client with what one worker has prepared of it. Belongs to its worker: no sharing, no lock.
struct PreparedClient {
  Client client;
  jose::KeyPtr secret_key;  ///< only for client_secret_jwt
  /// The two that were made last: most clients ask the same every time.
  std::array<TokenPlan, 2> plans;
  std::size_t next_plan = 0;
  /// SHA-256(process key ‖ secret) of the secret that was verified last, so that a slow hash is
  /// paid once and not per request.
  std::array<std::uint8_t, 32> proven{};
  bool has_proven = false;
  std::shared_ptr<RateLimit> limit;  ///< the client's own, of all workers; null if it has none
};
using PreparedClientPtr = std::shared_ptr<PreparedClient>;

/// What one worker thread keeps between requests.
class WorkerState {
 public:
  WorkerState(const Services& services, std::size_t workers);

  /// The realm as it is now, if this worker or the directory has it without waiting.
  const RealmRuntimePtr* realm(std::string_view name);
  void keep_realm(RealmRuntimePtr realm, std::uint64_t generation);

  /// Null if it is not cached. A cached absence is not kept: unknown names cost memory to nobody.
  PreparedClientPtr client(std::string_view realm, std::string_view id);
  PreparedClientPtr keep_client(const RealmRuntime& realm, Client client, jose::KeyPtr secret_key);

  /// Null if it is not cached.
  PreparedResourceServerPtr resource_server(std::string_view realm, std::string_view name);
  void keep_resource_server(std::string_view realm, PreparedResourceServerPtr server);
  /// The name of the resource server that a URI names, empty if there is none; null if that is not
  /// cached.
  const std::string* resource_uri(std::string_view realm, std::string_view uri);
  void keep_resource_uri(std::string_view realm, std::string_view uri, std::string name);
  /// Where a scope is defined; holds null if it is not. Null if that is not cached.
  const ScopeDefinitionPtr* scope(std::string_view realm, std::string_view name);
  void keep_scope(std::string_view realm, std::string_view name, ScopeDefinitionPtr definition);
  /// Null if it is not cached.
  PreparedPolicyPtr inject_policy(std::string_view realm, std::string_view name);
  void keep_inject_policy(std::string_view realm, PreparedPolicyPtr policy);
  /// Keys of resource servers for `dir`, by kid. Null if that is not cached.
  const DirectKeysPtr* direct_keys(std::string_view realm, std::string_view kid);
  void keep_direct_keys(std::string_view realm, std::string_view kid, DirectKeysPtr keys);
  /// Grows when a resource server or a scope may have changed.
  std::uint64_t definitions() const { return definitions_; }

  /// Up to where this worker has followed changes. What was read from storage before it moved may
  /// be old.
  std::uint64_t followed() const { return seen_epoch_; }

  std::string& scratch() { return scratch_; }
  std::string& payload() { return payload_; }
  std::string& nested() { return nested_; }

 private:
  struct Hash {
    using is_transparent = void;
    std::size_t operator()(std::string_view text) const {
      return std::hash<std::string_view>()(text);
    }
  };
  struct CachedRealm {
    RealmRuntimePtr runtime;
    std::uint64_t generation;
  };
  void follow_changes();
  void follow(const ChangeFeed::Change& change);

  const Services& services_;
  std::size_t max_realms_;
  std::uint64_t seen_epoch_ = 0, definitions_ = 0;
  std::unordered_map<std::string, CachedRealm, Hash, std::equal_to<>> realms_;
  LruCache<PreparedClientPtr> clients_;
  LruCache<PreparedResourceServerPtr> resource_servers_;
  LruCache<std::string> resource_uris_;
  LruCache<ScopeDefinitionPtr> scopes_;
  LruCache<DirectKeysPtr> direct_keys_;
  LruCache<PreparedPolicyPtr> policies_;
  std::string scratch_, payload_, nested_;
};

}  // namespace signet::oauth
