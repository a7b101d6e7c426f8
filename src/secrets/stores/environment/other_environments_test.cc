#include "secrets/stores/environment/other_environments.h"

#include "secrets/stores/store_test_support.h"

namespace signet::secrets {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

config::StoreConfig variables_as(const char* name, const char* format) {
  config::StoreConfig store;
  store.name = name;
  store.type = "environment";
  if (format) store.settings.set("format", std::string(format));
  return store;
}

config::RealmConfig realm_of(const char* name, std::vector<config::StoreConfig> stores) {
  config::RealmConfig realm;
  realm.name = name;
  realm.secret_stores = std::move(stores);
  return realm;
}

/// "PEM", or "realm PEM" of a realm's own store.
std::vector<std::string> others_of(const config::ServerConfig& config, const char* realm,
                                   const char* name) {
  std::vector<std::string> out;
  for (const auto& other : EnvironmentFormats(config).others(RealmName(realm), StoreName(name))) {
    out.push_back((other.is_of_realm ? "realm " : "") + std::string(to_string(other.format)));
  }
  return out;
}

TEST(EnvironmentFormats, a_store_meets_those_that_some_realm_asks_beside_it) {
  config::ServerConfig config;
  config::StoreConfig files;
  files.name = "files";
  files.type = "filesystem";
  files.settings.set("format", std::string("JWK"));
  config.secret_stores = {variables_as("keys", "pem"), files, variables_as("passwords", nullptr)};
  config.realms = {realm_of("alpha", {variables_as("own", "JWK"), variables_as("more", "PLAIN")}),
                   realm_of("beta", {variables_as("own", "BASE64_HMAC_KEY")}),
                   realm_of("gamma", {})};
  EXPECT_THAT(others_of(config, "", "keys"),
              ElementsAre("BASE64", "realm PLAIN", "realm BASE64_HMAC_KEY", "realm JWK"));
  EXPECT_THAT(others_of(config, "alpha", "own"), ElementsAre("BASE64", "PEM", "realm PLAIN"));
  EXPECT_THAT(others_of(config, "beta", "own"), ElementsAre("BASE64", "PEM"));
}

TEST(EnvironmentFormats, a_store_alone_meets_nobody_and_equal_names_of_two_levels_are_two) {
  config::ServerConfig config;
  config.secret_stores = {variables_as("env", "PEM")};
  EXPECT_THAT(others_of(config, "", "env"), IsEmpty());
  config.realms = {realm_of("alpha", {variables_as("env", "JWK")})};
  EXPECT_THAT(others_of(config, "", "env"), ElementsAre("realm JWK"));
  EXPECT_THAT(others_of(config, "alpha", "env"), ElementsAre("PEM"));
}

TEST(EnvironmentFormats, stores_that_cannot_be_made_are_nobody) {
  config::ServerConfig config;
  config.secret_stores = {variables_as("keys", "PEM"), variables_as("typo", "PEMM")};
  EXPECT_THAT(others_of(config, "", "keys"), IsEmpty());
}

}  // namespace
}  // namespace signet::secrets
