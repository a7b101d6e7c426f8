// For whom a token that a resource server can open is: for that one alone.

#include "oauth/endpoints/test_resource_servers.h"

namespace signet::oauth::test {
namespace {

TEST_F(ResourceServers, a_token_is_for_one_resource_server) {
  add("RS1", "", key1, "urn:rs1");
  add("RS2", "", key2, "urn:rs2");
  EXPECT_EQ(ask("&resource=urn%3Ars1&resource=urn%3Ars2").text("error"), "invalid_target");
  EXPECT_EQ(ask("&resource=urn%3Ars1&resourceServer=RS2").text("error"), "invalid_target");
}

TEST_F(ResourceServers, sec_141_what_one_can_open_names_no_audience_of_the_client_beside_it) {
  add("RS2", "", key2, "urn:rs2");
  add("RS3", "", key1);
  world.client("several", R"(,"audience":["urn:other","RS3"])");
  const auto ask_for = [&](const std::string& more) {
    return world.post("/oauth2/access_token", "grant_type=client_credentials" + more, "several");
  };
  for (const char* both :
       {"&resource=urn%3Ars2&resource=urn%3Aother", "&resource=urn%3Aother&resourceServer=RS2",
        "&resource=urn%3Aother&resource=urn%3Ars2&resourceServer=RS2"})
    EXPECT_EQ(ask_for(both).text("error"), "invalid_target") << both;
  EXPECT_EQ(ask_for("&resource=urn%3Ars2&resourceServer=RS2").status(), 200);
  EXPECT_EQ(ask_for("&resource=RS3&resourceServer=RS3").status(), 200)
      << "without a URI its name is its audience";
  EXPECT_EQ(ask_for("&resource=urn%3Aother").status(), 200);
  EXPECT_EQ(ask_for("&resource=urn%3Aother&resourceServer=Identity+Provider").status(), 200);
}

TEST_F(ResourceServers, sec_141_a_default_with_a_key_opens_no_token_for_another_audience) {
  add("RS1", "", key1, "urn:rs1");
  add("RS2", "", key2, "urn:rs2");
  add("RS3", "", nullptr, "urn:rs3");
  world.client("several", R"(,"audience":["urn:other","urn:rs1"])");
  const auto ask_for = [&](const std::string& more) {
    return world.post("/oauth2/access_token", "grant_type=client_credentials" + more, "several");
  };
  state("RS1");
  for (const char* other : {"&resource=urn%3Aother", "&resource=urn%3Aother&resource=urn%3Ars1",
                            "&resource=urn%3Ars1&resource=urn%3Aother"})
    EXPECT_EQ(ask_for(other).text("error"), "invalid_target") << other;
  EXPECT_EQ(member(inside(ask_for("&resource=urn%3Ars1").text("access_token"), key1), "aud"),
            "urn:rs1");
  EXPECT_EQ(member(inside(ask_for("").text("access_token"), key1), "aud"), "urn:rs1");
  EXPECT_EQ(member(inside(ask_for("&resource=urn%3Ars2").text("access_token"), key2), "aud"),
            "urn:rs2")
      << "another one is selected, whatever the default is";
  state("RS3");
  EXPECT_EQ(ask_for("&resource=urn%3Aother").status(), 200)
      << "with the server's key only the server opens it";
}

TEST_F(ResourceServers, sec_141_a_built_in_default_with_a_key_is_like_any_other) {
  world.client("several", R"(,"audience":["urn:other"])");
  json::Object set;
  set.set("keys", json::Array{key1->jwk().private_json()});
  world.put("resource_server", "root", "Identity Provider",
            R"({"name":"Identity Provider","built_in":true,"access_token":{"encryption":)"
            R"("resource_server_key","key_encryption_algorithm":"A128KW","jwks":)" +
                json::dump(set) + "}}");
  const auto ask_for = [&](const std::string& more) {
    return world.post("/oauth2/access_token", "grant_type=client_credentials" + more, "several");
  };
  EXPECT_EQ(ask_for("&resource=urn%3Aother").text("error"), "invalid_target");
  EXPECT_EQ(member(inside(ask_for("").text("access_token"), key1), "aud"), "Identity Provider");
}

}  // namespace
}  // namespace signet::oauth::test
