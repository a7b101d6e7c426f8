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
#include "tokens/format.h"

namespace signet::oauth {

struct PreparedClient;

/// Never null; empty where no resource server has such a key.
using DirectKeysPtr = std::shared_ptr<const std::vector<jose::KeyPtr>>;
using ScopeDefinitionPtr = std::shared_ptr<const resource_servers::ScopeDefinition>;

/// The claims that were made last for tokens to a resource server; good as long as all of these are
/// what they were. A client keeps the claims of the few that it asks for; one that asks for very
/// many finds them here.
struct LastClaims {
  std::weak_ptr<const PreparedClient> client;
  std::uint64_t realm_serial = 0, definitions = 0;
  std::string asked_scope;
  std::shared_ptr<const tokens::ClaimsTemplate> claims;
};

/// A resource server with what one worker has prepared of it. Belongs to its worker: no sharing, no
/// lock.
struct PreparedResourceServer {
  resource_servers::ResourceServer server;
  std::vector<jose::KeyPtr> keys;               ///< inline ones
  std::shared_ptr<KeySetCache::Source> source;  ///< null: the keys are inline
  std::shared_ptr<ResourceServerUse> use;
  LastClaims last_claims;

  /// The encryptor made last, and what it was made for.
  std::optional<jose::Encryptor> encryptor;
  GcmLedger::AccountPtr account;  ///< where its key spends GCM; else null
  std::uint64_t realm_serial = 0;
  std::shared_ptr<const RemoteKeySet> key_set;
  Instant good_until{};  ///< the end of the chosen key's certificate
  jose::KeyPtr key;      ///< the chosen one

  /// By `dir` with a key from a URL: the one that storage keeps for the server to know its tokens
  /// again, and until when.
  jose::KeyPtr kept_key;
  Instant kept_until{};
};
using PreparedResourceServerPtr = std::shared_ptr<PreparedResourceServer>;

/// Whether storage must first keep the key of encryptor_for() for the tokens that it is to encrypt:
/// nobody wrote it down before.
bool must_keep_key(const PreparedResourceServer& prepared, Instant now);

/// What encrypts a token with the resource server's key. `key_set` is null where keys are inline.
/// "encryption_key_missing" with the reason, key by key; the realm's own words where its server key
/// is missing. Made anew only when something changed.
Result<jose::Encryptor> encryptor_for(PreparedResourceServer& prepared, const RealmRuntime& realm,
                                      std::shared_ptr<const RemoteKeySet> key_set,
                                      GcmLedger& ledger, Instant now);

}  // namespace signet::oauth
