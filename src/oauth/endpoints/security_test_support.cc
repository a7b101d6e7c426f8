#include "oauth/endpoints/test_security.h"

namespace signet::oauth::test {

Security::Security() {
  world.realm("root");
  world.client("c1");
}
Security::~Security() = default;

FakeExchange Security::post_with(const std::map<std::string, std::string>& headers,
                                 const std::string& path, const std::string& body,
                                 const std::string& query) {
  FakeExchange exchange(http::Method::kPost, path, headers, body);
  const_cast<http::Request&>(exchange.request()).query = query;
  world.router->handle(exchange);
  return exchange;
}

std::map<std::string, std::string> Security::as_client(const std::string& id) {
  return {{"Content-Type", "application/x-www-form-urlencoded"},
          {"Authorization", "Basic " + base64::encode(as_bytes(id + ":" + World::kSecret))}};
}

}  // namespace signet::oauth::test
