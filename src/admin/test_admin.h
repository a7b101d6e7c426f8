#pragma once
// The admin API over a world without sockets, for tests.

#include "admin/admin_api.h"
#include "crypto/digest.h"
#include "oauth/endpoints/test_world.h"

namespace signet::admin::test {

using oauth::test::FakeExchange;
using oauth::test::World;

class AdminApiTest : public ::testing::Test {
 protected:
  AdminApiTest() {
    services = std::make_shared<AdminServices>();
    services->oauth = world.services;
    services->directory = &world.router->directory();
    services->token_hash = crypto::digest(crypto::Hash::kSha256, as_bytes("admin-token"));
    services->seal = [](ByteView secret) -> Result<std::string> {
      return "SGN1." + to_text(secret);
    };
    services->stores = {{"memory", "memory", RealmName()}};
    services->is_ready = [] { return true; };
  }
  FakeExchange call(http::Method method, const std::string& path, const std::string& body = "",
                    std::map<std::string, std::string> headers = {},
                    const std::string& token = "admin-token") {
    if (!token.empty()) headers["Authorization"] = "Bearer " + token;
    std::string query;
    std::string plain = path;
    if (const auto at = path.find('?'); at != path.npos) {
      plain = path.substr(0, at);
      query = path.substr(at + 1);
    }
    FakeExchange exchange(method, plain, std::move(headers), body);
    const_cast<http::Request&>(exchange.request()).query = query;
    AdminApi(services).handle(exchange);
    return exchange;
  }
  FakeExchange get(const std::string& path) { return call(http::Method::kGet, path); }
  FakeExchange put(const std::string& path, const std::string& body,
                   std::map<std::string, std::string> headers = {}) {
    return call(http::Method::kPut, path, body, std::move(headers));
  }
  FakeExchange post(const std::string& path, const std::string& body) {
    return call(http::Method::kPost, path, body);
  }

  World world;
  std::shared_ptr<AdminServices> services;
};

}  // namespace signet::admin::test
