#pragma once
// For tests: a key set cache over a fake client, with the clock and the background held by hand.

#include "base/base64.h"
#include "net/fake_http_client.h"
#include "oauth/endpoints/key_set_cache.h"
#include "support/matchers.h"

namespace signet::oauth::test {

using net::FakeHttpClient;
using net::OutboundRequest;
using net::OutboundResponse;

inline constexpr const char* kUrl = "https://rs.example/keys?tenant=1";

/// One symmetric key for each kid.
inline std::string set_of(const std::vector<std::string>& kids) {
  std::string out;
  for (const auto& kid : kids) {
    if (!out.empty()) out += ',';
    std::string bytes = kid;
    bytes.resize(16, 'x');
    out += R"({"kty":"oct","alg":"A128KW","kid":")" + kid + R"(","k":")" +
           base64::url_encode(as_bytes(bytes)) + "\"}";
  }
  return "{\"keys\":[" + out + "]}";
}

/// What a resource server's set may not hold, in short.
inline Result<std::vector<jose::Jwk>> check_set(std::string_view text) {
  TRY(auto set, jose::JwkSet::parse(text));
  for (const auto& key : set.keys) {
    if (key.private_key())
      return Error{Code::kInvalid, "key_is_private", "a private key is published"};
    if (key.kid() == "7") return Error{Code::kInvalid, "kid_reserved", "kid 7 is ours"};
  }
  return std::move(set.keys);
}

inline OutboundResponse response(int status, std::string body = {}, net::HeaderList headers = {}) {
  return FakeHttpClient::response(status, std::move(body), std::move(headers));
}

class CacheWorld {
 public:
  explicit CacheWorld(KeySetSettings settings = {}) {
    KeySetCache::Background background = [this](Task<Done> task) {
      if (is_held) {
        held.push_back(std::move(task));
      } else {
        EXPECT_THAT(async::run_now(std::move(task)), signet::test::is_ok());
      }
    };
    cache = std::make_shared<KeySetCache>(client, clock, std::make_shared<SeededRandom>(1),
                                          check_set, settings, std::move(background));
    source = cache->source(kUrl);
  }

  void answer(FakeHttpClient::Answer with) { client->answer_with(std::move(with)); }
  void publish(std::vector<std::string> kids, net::HeaderList headers = {}) {
    answer([text = set_of(kids), headers](const OutboundRequest&) {
      return response(200, text, headers);
    });
  }
  void fail() {
    answer([](const OutboundRequest&) { return response(500); });
  }
  Result<RemoteKeySetPtr> load() { return async::run_now(cache->load(source)); }
  Result<RemoteKeySetPtr> miss() { return async::run_now(cache->refresh_after_miss(source)); }
  Result<RemoteKeySetPtr> reload() { return async::run_now(cache->reload(source)); }
  RemoteKeySetPtr now() { return cache->now(*source, clock->now()); }
  /// The kids that may be used now without waiting.
  std::vector<std::string> kids() { return kids_of(now()); }
  static std::vector<std::string> kids_of(const RemoteKeySetPtr& set) {
    std::vector<std::string> out;
    if (set) {
      for (const auto& key : set->keys)
        out.push_back(key->kid());
    }
    return out;
  }
  std::size_t requests() const { return client->sent().size(); }
  void release() {
    for (auto& task : std::exchange(held, {}))
      EXPECT_THAT(async::run_now(std::move(task)), signet::test::is_ok());
  }
  KeySetCache::SourceStatus status() const { return cache->status().at(0); }

  bool is_held = false;
  std::vector<Task<Done>> held;
  const std::shared_ptr<ManualClock> clock = std::make_shared<ManualClock>();
  const std::shared_ptr<FakeHttpClient> client = std::make_shared<FakeHttpClient>();
  std::shared_ptr<KeySetCache> cache;
  KeySetCache::SourcePtr source;
};

}  // namespace signet::oauth::test
