#pragma once

#include <memory>
#include <optional>
#include <vector>

#include "jose/encryptor.h"
#include "oauth/endpoints/gcm_ledger.h"
#include "oauth/endpoints/key_set_cache.h"
#include "oauth/endpoints/realm_runtime.h"
#include "oauth/endpoints/resource_server_uses.h"
#include "resource_servers/resource_server.h"

namespace signet::oauth {

/// Never null; empty where no resource server has such a key.
using DirectKeysPtr = std::shared_ptr<const std::vector<jose::KeyPtr>>;
using ScopeDefinitionPtr = std::shared_ptr<const resource_servers::ScopeDefinition>;

/// A resource server with what one worker has prepared of it. Belongs to its worker: no sharing, no
/// lock.
struct PreparedResourceServer {
  resource_servers::ResourceServer server;
  std::vector<jose::KeyPtr> keys;               ///< inline ones
  std::shared_ptr<KeySetCache::Source> source;  ///< null: the keys are inline
  std::shared_ptr<ResourceServerUse> use;

  /// The encryptor made last, and what it was made for.
  std::optional<jose::Encryptor> encryptor;
  GcmLedger::AccountPtr account;  ///< where its key spends GCM; else null
  std::uint64_t realm_serial = 0;
  std::shared_ptr<const RemoteKeySet> key_set;
  Instant good_until{};  ///< the end of the chosen key's certificate
};
using PreparedResourceServerPtr = std::shared_ptr<PreparedResourceServer>;

/// What encrypts a token with the resource server's key. `key_set` is null where keys are inline.
/// "encryption_key_missing" with the reason, key by key; the realm's own words where its server key
/// is missing. Made anew only when something changed.
Result<jose::Encryptor> encryptor_for(PreparedResourceServer& prepared, const RealmRuntime& realm,
                                      std::shared_ptr<const RemoteKeySet> key_set,
                                      GcmLedger& ledger, Instant now);

}  // namespace signet::oauth
