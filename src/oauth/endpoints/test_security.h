#pragma once
// A whole server under the requests of an attacker, for tests.

#include <gtest/gtest.h>

#include <map>
#include <string>

#include "oauth/endpoints/test_clients.h"

namespace signet::oauth::test {

inline constexpr const char* kGrant = "grant_type=client_credentials";
inline constexpr const char* kToken = "/oauth2/access_token";

/// The realm root with the client c1.
class Security : public ::testing::Test {
 protected:
  Security();
  ~Security() override;
  FakeExchange post_with(const std::map<std::string, std::string>& headers, const std::string& path,
                         const std::string& body, const std::string& query = "");
  static std::map<std::string, std::string> as_client(const std::string& id = "c1");

  World world;
};

}  // namespace signet::oauth::test
