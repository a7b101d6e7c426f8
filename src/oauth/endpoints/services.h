#pragma once
// oauth/endpoints: the wet half of OAuth. Each endpoint asks, loads, decides (dry rules), commits,
// replies.

#include <array>
#include <functional>
#include <memory>
#include <string>

#include "async/blocking_pool.h"
#include "base/clock.h"
#include "base/random.h"
#include "net/metrics.h"
#include "oauth/endpoints/change_feed.h"
#include "oauth/endpoints/deny_list.h"
#include "oauth/endpoints/gcm_ledger.h"
#include "oauth/endpoints/needed_secrets.h"
#include "oauth/endpoints/request_limits.h"
#include "oauth/endpoints/resource_server_uses.h"
#include "secrets/keeper/keeper.h"
#include "storage/storage.h"

namespace signet::oauth {

/// What endpoints count. Counting is one relaxed add on the worker's own cell.
struct Counters {
  std::array<net::Counter*, 3> issued{};  ///< by tokens::TokenFormat
  /// For resource servers, by resource_servers::Encryption; null for kAsRealm.
  std::array<net::Counter*, 4> issued_for{};
  net::Counter* introspected = nullptr;
  net::Counter* revoked = nullptr;
  net::Counter* injected_new = nullptr;    ///< with a token made for it
  net::Counter* injected_again = nullptr;  ///< with one that was there
  net::Counter* refused = nullptr;
  net::Counter* over_limit = nullptr;         ///< the instance's
  net::Counter* over_client_limit = nullptr;  ///< a client's own
  static Counters in(net::Metrics& metrics);
};

class KeySetCache;
class TokenCache;
std::shared_ptr<TokenCache> make_token_cache();

/// What endpoints are given. Built before the first request, destroyed after the last.
struct Services {
  std::shared_ptr<Clock> clock;
  std::shared_ptr<Random> random;
  std::shared_ptr<storage::Storage> storage;
  std::shared_ptr<secrets::Keeper> keeper;
  std::shared_ptr<async::BlockingPool> hashing;  ///< slow password hashes
  std::shared_ptr<DenyList> denied;
  std::shared_ptr<TokenCache> token_cache = make_token_cache();
  std::shared_ptr<ResourceServerUses> uses = std::make_shared<ResourceServerUses>();
  std::shared_ptr<GcmLedger> gcm_ledger = std::make_shared<GcmLedger>();
  std::shared_ptr<NeededSecrets> needed_secrets = std::make_shared<NeededSecrets>();
  std::shared_ptr<ChangeFeed> changes;
  std::shared_ptr<RequestLimits> limits = std::make_shared<RequestLimits>();
  std::shared_ptr<net::Metrics> metrics;
  Counters counters;                     ///< of `metrics`
  std::string public_url;                ///< no trailing slash
  std::size_t cached_clients = 100'000;  ///< over all workers
  std::size_t cached_realms = 20'000;
  std::size_t cached_policies = 10'000;           ///< of injection, over all workers
  std::size_t cached_resource_servers = 100'000;  ///< over all workers; as many scopes
  std::shared_ptr<KeySetCache> key_sets;          ///< that others publish; null: none is ever read
  /// Opens a client secret that is kept reversibly.
  std::function<Result<SecretBytes>(std::string_view sealed)> unseal;
  /// The other way.
  std::function<Result<std::string>(ByteView secret)> seal;
};

}  // namespace signet::oauth
