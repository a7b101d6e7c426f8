#pragma once
// For tests: a key set cache over a fake client, with the clock and the background held by hand.

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "net/fake_http_client.h"
#include "oauth/endpoints/key_set_cache.h"
#include "support/matchers.h"

namespace signet::oauth::test {

using net::FakeHttpClient;
using net::OutboundRequest;
using net::OutboundResponse;

inline constexpr const char* kUrl = "https://rs.example/keys?tenant=1";

/// One symmetric key for each kid.
std::string set_of(const std::vector<std::string>& kids);

/// A public key, as it may be published by plain http.
std::string public_set();

/// What a resource server's set may not hold, in short.
Result<std::vector<jose::Jwk>> check_set(std::string_view text);

OutboundResponse response(int status, std::string body = {}, net::HeaderList headers = {});

class CacheWorld {
 public:
  explicit CacheWorld(KeySetSettings settings = {});
  ~CacheWorld();

  void answer(FakeHttpClient::Answer with);
  void publish(std::vector<std::string> kids, net::HeaderList headers = {});
  void fail();
  Result<RemoteKeySetPtr> load();
  Result<RemoteKeySetPtr> miss();
  Result<RemoteKeySetPtr> reload();
  RemoteKeySetPtr now();
  /// The kids that may be used now without waiting.
  std::vector<std::string> kids();
  static std::vector<std::string> kids_of(const RemoteKeySetPtr& set);
  std::size_t requests() const;
  void release();
  KeySetCache::SourceStatus status() const;

  bool is_held = false;
  std::vector<Task<Done>> held;
  const std::shared_ptr<ManualClock> clock;
  const std::shared_ptr<FakeHttpClient> client;
  std::shared_ptr<KeySetCache> cache;
  KeySetCache::SourcePtr source;
};

}  // namespace signet::oauth::test
