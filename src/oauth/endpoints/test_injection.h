#pragma once
// A whole server with a gateway and its inject policy, for tests.

#include <gtest/gtest.h>

#include <map>
#include <string>

#include "oauth/endpoints/test_world.h"

namespace signet::oauth::test {

/// The realm root with the clients gateway and other, and the policy orders of gateway.
class Injection : public ::testing::Test {
 protected:
  Injection();
  ~Injection() override;

  void policy(const std::string& name, const std::string& more = "",
              const std::string& client = "gateway", const std::string& realm = "root");
  FakeExchange ask(const std::string& path = "/oauth2/inject/orders",
                   const std::string& user = "gateway", http::Method method = http::Method::kGet,
                   const std::string& body = "");
  FakeExchange send(const std::string& path, std::map<std::string, std::string> headers,
                    http::Method method = http::Method::kGet, const std::string& body = "");
  static std::string basic(const std::string& user, const std::string& password);
  static std::string header(FakeExchange& answer);
  /// The token that comes, without "Bearer "; empty if none does.
  std::string token(const std::string& path = "/oauth2/inject/orders");
  FakeExchange revoke(const std::string& token);

  World world;
};

}  // namespace signet::oauth::test
