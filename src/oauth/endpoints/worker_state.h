#pragma once

#include <array>
#include <functional>
#include <list>
#include <memory>
#include <string>
#include <unordered_map>

#include "oauth/client.h"
#include "oauth/endpoints/realm_runtime.h"
#include "oauth/endpoints/services.h"

namespace signet::oauth {

/// A client with what one worker has prepared of it. Belongs to its worker: no sharing, no lock.
struct PreparedClient {
  Client client;
  jose::KeyPtr secret_key;  ///< only for client_secret_jwt
  /// The realm's, when the claims below were made.
  std::string issuer;
  std::vector<std::string> default_audience;
  std::shared_ptr<const tokens::ClaimsTemplate> claims;  ///< for the default scope and audience
  /// The same for the scope that was asked for last, word for word, and granted.
  std::string asked_scope;
  std::shared_ptr<const tokens::ClaimsTemplate> asked_claims;
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

  /// Up to where this worker has followed changes. What was read from storage before it moved may
  /// be old.
  std::uint64_t followed() const { return seen_epoch_; }

  std::string& scratch() { return scratch_; }
  std::string& payload() { return payload_; }

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
  struct CachedClient {
    PreparedClientPtr client;
    std::list<std::string>::iterator age;
  };
  void follow_changes();

  const Services& services_;
  std::size_t max_clients_, max_realms_;
  std::uint64_t seen_epoch_ = 0;
  std::unordered_map<std::string, CachedRealm, Hash, std::equal_to<>> realms_;
  std::unordered_map<std::string, CachedClient, Hash, std::equal_to<>> clients_;
  std::list<std::string> by_age_;  ///< least recently used first
  std::string key_, scratch_, payload_;
};

}  // namespace signet::oauth
