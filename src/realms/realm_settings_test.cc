#include "realms/realm_settings.h"

#include "support/matchers.h"

namespace signet::realms {
namespace {

using test::fails;
using test::is_ok;

TEST(RealmPath, takes_public_paths_apart) {
  struct Row {
    const char* path;
    const char* realm;
    const char* endpoint;
  };
  const Row rows[] = {
      {"/oauth2/access_token", "root", "access_token"},
      {"/oauth2/realms/root/access_token", "root", "access_token"},
      {"/oauth2/realms/root/realms/alpha/connect/jwk_uri", "alpha", "connect/jwk_uri"},
      {"/oauth2/realms/root/realms/alpha/realms/beta/introspect", "alpha/beta", "introspect"},
      {"/oauth2/.well-known/openid-configuration", "root", ".well-known/openid-configuration"},
  };
  for (const auto& row : rows) {
    const auto found = parse_realm_path(row.path);
    ASSERT_TRUE(found) << row.path;
    std::string name;
    EXPECT_EQ(found->name(name), row.realm);
    EXPECT_EQ(found->endpoint, row.endpoint);
  }
}

TEST(RealmPath, sec_208_tricks_lead_nowhere) {
  for (const char* path :
       {"/", "/oauth2", "/oauth/access_token", "//oauth2/access_token",
        "/oauth2/realms/root/realms/../access_token", "/oauth2/realms/root/realms//access_token",
        "/oauth2/realms/root/realms/a%2fb/access_token",
        "/oauth2/realms/root/realms/root/access_token",
        "/oauth2/realms/root/realms/.hidden/access_token",
        "/oauth2/realms/root/realms/a;b/access_token"}) {
    const auto found = parse_realm_path(path);
    EXPECT_TRUE(!found || found->endpoint != "access_token") << path;
  }
}

TEST(RealmPath, the_top_realm_is_not_below_itself) {
  EXPECT_FALSE(parse_realm_path("/oauth2/realms/root/realms/root/connect/jwk_uri"));
  EXPECT_FALSE(parse_realm_path("/oauth2/realms/root/realms/root/introspect"));
  const auto below = parse_realm_path("/oauth2/realms/root/realms/root/realms/alpha/introspect");
  ASSERT_TRUE(below);
  std::string name;
  EXPECT_EQ(below->name(name), "root/alpha") << "a realm of its own";
}

TEST(RealmPath, base_path_and_parse_agree) {
  for (const char* name : {"root", "alpha", "alpha/beta"}) {
    const std::string path = base_path(RealmName(name)) + "/access_token";
    const auto found = parse_realm_path(path);
    ASSERT_TRUE(found);
    std::string read;
    EXPECT_EQ(found->name(read), name);
  }
}

TEST(RealmSettings, defaults_are_short_lived_rs256_jwts) {
  const auto realm = RealmSettings::from_json(*json::parse_object(R"({"name":"root"})"));
  ASSERT_THAT(realm, is_ok());
  EXPECT_EQ(realm->signing_alg, jose::JwsAlg::kRs256);
  EXPECT_LE(realm->lifetime, Seconds(600));  // sec_073
}

TEST(RealmSettings, faults_are_told) {
  for (const char* bad :
       {R"({})", R"({"name":"a b"})", R"({"name":"../x"})", R"({"name":"x","color":1})",
        R"({"name":"x","access_token":{"signing_algorithm":"none"}})",
        R"({"name":"x","access_token":{"lifetime":"PT2H","max_lifetime":"PT1H"}})",
        R"({"name":"x","access_token":{"lifetime":0}})"})
    EXPECT_THAT(RealmSettings::from_json(*json::parse_object(bad)), fails("settings_invalid"))
        << bad;
}

}  // namespace
}  // namespace signet::realms
