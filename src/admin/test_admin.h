#pragma once
// The admin API over a world without sockets, for tests.

#include "admin/admin_api.h"
#include "oauth/endpoints/test_world.h"

namespace signet::admin::test {

using oauth::test::FakeExchange;
using oauth::test::World;

/// Sealing keys of these names, the first one active; the same material for a name each time.
std::shared_ptr<const secrets::EncodingKeys> sealing_keys(const std::vector<std::string>& names);

class AdminApiTest : public ::testing::Test {
 protected:
  AdminApiTest();
  ~AdminApiTest() override;
  FakeExchange call(http::Method method, const std::string& path, const std::string& body = "",
                    std::map<std::string, std::string> headers = {},
                    const std::string& token = "admin-token");
  FakeExchange get(const std::string& path);
  FakeExchange put(const std::string& path, const std::string& body,
                   std::map<std::string, std::string> headers = {});
  FakeExchange post(const std::string& path, const std::string& body);
  /// Another RSA key, "rsa2", in the store; nothing maps it.
  void add_rsa_key();

  World world;
  std::shared_ptr<AdminServices> services;
};

}  // namespace signet::admin::test
