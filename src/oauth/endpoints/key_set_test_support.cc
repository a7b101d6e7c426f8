#include "oauth/endpoints/key_set_test_support.h"

#include <utility>

#include "base/base64.h"

namespace signet::oauth::test {

std::string set_of(const std::vector<std::string>& kids) {
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

std::string public_set() {
  const auto key = crypto::PrivateKey::generate(crypto::KeyKind::kEcP256);
  json::Object set;
  set.set("keys", json::Array{*jose::Jwk::from_public(key->public_key()).public_json()});
  return json::dump(set);
}

Result<std::vector<jose::Jwk>> check_set(std::string_view text) {
  TRY(auto set, jose::JwkSet::parse(text));
  for (const auto& key : set.keys) {
    if (key.private_key())
      return Error{Code::kInvalid, "key_is_private", "a private key is published"};
    if (key.kid() == "7") return Error{Code::kInvalid, "kid_reserved", "kid 7 is ours"};
  }
  return std::move(set.keys);
}

OutboundResponse response(int status, std::string body, net::HeaderList headers) {
  return FakeHttpClient::response(status, std::move(body), std::move(headers));
}

CacheWorld::CacheWorld(KeySetSettings settings)
    : clock(std::make_shared<ManualClock>()), client(std::make_shared<FakeHttpClient>()) {
  KeySetCache::Background background = [this](Task<Done> task) {
    if (is_held) {
      held.push_back(std::move(task));
    } else {
      EXPECT_THAT(async::run_now(std::move(task)), signet::test::is_ok());
    }
  };
  cache = std::make_shared<KeySetCache>(client, clock, std::make_shared<SeededRandom>(1), check_set,
                                        settings, std::move(background));
  source = cache->source(kUrl);
}
CacheWorld::~CacheWorld() = default;

void CacheWorld::answer(FakeHttpClient::Answer with) {
  client->answer_with(std::move(with));
}
void CacheWorld::publish(std::vector<std::string> kids, net::HeaderList headers) {
  answer([text = set_of(kids), headers](const OutboundRequest&) {
    return response(200, text, headers);
  });
}
void CacheWorld::fail() {
  answer([](const OutboundRequest&) { return response(500); });
}
Result<RemoteKeySetPtr> CacheWorld::load() {
  return async::run_now(cache->load(source));
}
Result<RemoteKeySetPtr> CacheWorld::miss() {
  return async::run_now(cache->refresh_after_miss(source));
}
Result<RemoteKeySetPtr> CacheWorld::reload() {
  return async::run_now(cache->reload(source));
}
RemoteKeySetPtr CacheWorld::now() {
  return cache->now(*source, clock->now());
}
std::vector<std::string> CacheWorld::kids() {
  return kids_of(now());
}
std::vector<std::string> CacheWorld::kids_of(const RemoteKeySetPtr& set) {
  std::vector<std::string> out;
  if (set) {
    for (const auto& key : set->keys)
      out.push_back(key->kid());
  }
  return out;
}
std::size_t CacheWorld::requests() const {
  return client->sent().size();
}
void CacheWorld::release() {
  for (auto& task : std::exchange(held, {}))
    EXPECT_THAT(async::run_now(std::move(task)), signet::test::is_ok());
}
KeySetCache::SourceStatus CacheWorld::status() const {
  return cache->status().at(0);
}

}  // namespace signet::oauth::test
