#pragma once
// A whole server without sockets, in which memory fails (F8).

#include <functional>
#include <memory>
#include <string>

#include "admin/admin_api.h"
#include "anomaly/anomaly_loop.h"
#include "base/log.h"
#include "oauth/endpoints/test_world.h"

namespace signet::test {

using oauth::test::FakeExchange;
using oauth::test::World;

class ServerAnomaly : public ::testing::Test {
 protected:
  ServerAnomaly() {
    log::configure(log::Level::kOff, true);
    admin = std::make_shared<admin::AdminServices>();
    admin->token_hash = crypto::digest(crypto::Hash::kSha256, as_bytes("admin-token"));
    admin->seal = [](ByteView secret) -> Result<std::string> { return "SGN1." + to_text(secret); };
    std::vector<secrets::EncodingKeys::Key> keys;
    keys.push_back({"k1", SecretBytes(32)});
    admin->encoding = secrets::EncodingKeys::make(std::move(keys)).value();
    admin->stores = {{"memory", "memory", RealmName()}};
    admin->is_ready = [] { return true; };
    begin();
  }
  ~ServerAnomaly() override { log::configure(log::Level::kInfo, true); }

  /// The server as it was at first, with the same keys: nothing is left of what was done before, so
  /// that a step of a loop costs what the first one cost.
  void renew() {
    world.storage = *storage::open("memory:", *world.clock);
    world.start();
    begin();
  }
  /// A request that waits to be sent.
  std::unique_ptr<FakeExchange> request(http::Method method, const std::string& path,
                                        const std::string& body, const std::string& user) {
    std::map<std::string, std::string> headers;
    if (method == http::Method::kPost)
      headers["Content-Type"] = "application/x-www-form-urlencoded";
    if (!user.empty())
      headers["Authorization"] = "Basic " + base64::encode(as_bytes(user + ":" + World::kSecret));
    return std::make_unique<FakeExchange>(method, path, headers, body);
  }
  std::unique_ptr<FakeExchange> admin_request(http::Method method, const std::string& path,
                                              const std::string& body = "") {
    return std::make_unique<FakeExchange>(
        method, path, std::map<std::string, std::string>{{"Authorization", "Bearer admin-token"}},
        body);
  }
  FakeExchange ask_admin(http::Method method, const std::string& path,
                         const std::string& body = "") {
    auto exchange = admin_request(method, path, body);
    admin::AdminApi(admin).handle(*exchange);
    return *exchange;
  }
  /// Forgets what caches hold, so that a request loads everything.
  void make_cold() {
    for (const char* id : {"jwt", "encrypted", "opaque"})
      world.services->changes->publish({"client", RealmName("root"), id});
    world.router->directory().forget(RealmName("root"));
    world.services->changes->publish({"realm", RealmName("root"), {}});
  }
  /// After every run the server answers as if nothing had been.
  void expect_service() {
    const std::string token = world.issue("jwt");
    ASSERT_FALSE(token.empty());
    ASSERT_TRUE(world.is_active(token, "jwt"));
  }
  /// An operation that is one request; `check` sees the exchange.
  Operation of_request(std::string name, std::function<std::unique_ptr<FakeExchange>()> make,
                       std::function<void(FakeExchange&, Ended)> check = {},
                       std::function<void()> prepare = {}) {
    Operation out;
    out.name = std::move(name);
    out.prepare = [this, make, prepare] {
      if (prepare) prepare();
      exchange = make();
    };
    out.act = [this] {
      if (exchange->request().path.starts_with("/admin")) {
        admin::AdminApi(admin).handle(*exchange);
      } else {
        world.router->handle(*exchange);
      }
      return exchange->outcome.ok() && exchange->response().status < 300;
    };
    out.words = [this] {
      const bool ok = exchange->outcome.ok();
      return ok ? exchange->response().body : exchange->outcome.error().detail;
    };
    out.check = [this, check](Ended ended) {
      if (check) check(*exchange, ended);
      if (!::testing::Test::HasFailure()) expect_service();
    };
    return out;
  }

  World world;
  std::shared_ptr<admin::AdminServices> admin;
  std::unique_ptr<FakeExchange> exchange;

 private:
  void begin() {
    world.realm("root");
    world.client("jwt", R"(,"access_token":{"signing_algorithm":"ES256"})");
    world.client("encrypted", R"(,"access_token":{"format":"encrypted_jwt"})");
    world.client("opaque", R"(,"access_token":{"format":"opaque"})");
    admin->oauth = world.services;
    admin->directory = &world.router->directory();
  }
};

}  // namespace signet::test
