// Resource servers as operators write them: what is stored, what is refused, who is told.

#include "admin/operator_change.h"
#include "admin/test_resource_servers.h"
#include "resource_servers/direct_key.h"

namespace signet::admin {
namespace {

using namespace test;
using testing::HasSubstr;

TEST_F(ResourceServersTest, identity_provider_is_there_and_the_default_though_nobody_wrote_it) {
  EXPECT_THAT(names(), testing::ElementsAre("Identity Provider"));
  const auto answer = get(kPath + "/Identity%20Provider");
  EXPECT_EQ(answer.status(), 200);
  const json::Value server = shown("Identity%20Provider");
  EXPECT_EQ(*server.get("default"), json::Value(true));
  EXPECT_EQ(*server.get("built_in"), json::Value(true));
  EXPECT_EQ(answer.json().find("revision")->if_int(), 0);
}

TEST_F(ResourceServersTest, one_is_created_replaced_guarded_and_deleted) {
  const auto created = put_server("RS1", R"({"uri":"https://rs1.example"})");
  EXPECT_EQ(created.status(), 201) << created.response().body;
  EXPECT_EQ(put_server("RS1", R"({"description":"one"})").status(), 200);
  EXPECT_EQ(put(kPath + "/RS1", "{}", {{"If-None-Match", "*"}}).status(), 412);
  EXPECT_EQ(put(kPath + "/RS1", "{}", {{"If-Match", "\"1\""}}).text("code"), "revision_conflict");
  EXPECT_EQ(stored("resource_server_uri", "https://rs1.example"), "") << "it has no URI any more";
  EXPECT_EQ(erase(kPath + "/RS1").status(), 204);
  EXPECT_EQ(get(kPath + "/RS1").text("code"), "resource_server_unknown");
  EXPECT_EQ(erase(kPath + "/RS1").status(), 404);
  EXPECT_EQ(put("/admin/realms/nowhere/resource-servers/RS1", "{}").text("code"), "realm_unknown");
  for (const char* event :
       {"resource_server.created", "resource_server.changed", "resource_server.deleted"})
    EXPECT_THAT(journal(), HasSubstr(event));
}

TEST_F(ResourceServersTest, a_list_comes_in_pages_with_the_built_in_one_in_its_place) {
  for (const char* name : {"A", "B", "K", "Z"})
    ASSERT_EQ(put_server(name).status(), 201);
  std::vector<std::string> found;
  std::string after;
  for (int page = 0; page < 10; ++page) {
    const auto answer = get(kPath + "?limit=2&after=" + after).json();
    for (const auto& item : *answer.find("resource_servers")->if_array())
      found.push_back(*item.get("resource_server")->get("name")->if_string());
    const std::string* next = answer.find("next")->if_string();
    if (!next) break;
    after = *next == "Identity Provider" ? "Identity+Provider" : *next;
  }
  EXPECT_THAT(found, testing::ElementsAre("A", "B", "Identity Provider", "K", "Z"));
}

TEST_F(ResourceServersTest,
       there_is_one_default_and_deleting_it_gives_identity_provider_the_place) {
  put_server("RS1");
  put_server("RS2");
  EXPECT_FALSE(is_default("RS1"));
  EXPECT_EQ(put_server("RS1", R"({"default":true})").status(), 200);
  EXPECT_TRUE(is_default("RS1"));
  EXPECT_FALSE(is_default("Identity%20Provider"));
  EXPECT_EQ(put_server("RS2", R"({"default":true})").status(), 200);
  EXPECT_TRUE(is_default("RS2"));
  EXPECT_FALSE(is_default("RS1"));
  EXPECT_EQ(put_server("RS2", R"({"default":false})").status(), 200);
  EXPECT_TRUE(is_default("Identity%20Provider"));
  put_server("RS2", R"({"default":true})");
  EXPECT_EQ(erase(kPath + "/RS2").status(), 204);
  EXPECT_TRUE(is_default("Identity%20Provider"));
  EXPECT_THAT(journal(), HasSubstr("resource_server.default_changed"));
}

TEST_F(ResourceServersTest, while_default_identity_provider_is_neither_deleted_nor_renamed) {
  EXPECT_EQ(erase(kPath + "/Identity%20Provider").text("code"), "resource_server_is_default");
  EXPECT_EQ(put_server("Identity%20Provider", R"({"name":"Other"})").text("code"),
            "resource_server_is_default");
  put_server("RS1", R"({"default":true})");
  EXPECT_EQ(put_server("Identity%20Provider", R"({"name":"Front"})").status(), 200);
  EXPECT_EQ(*shown("Front").get("built_in"), json::Value(true));
  EXPECT_EQ(get(kPath + "/Identity%20Provider").status(), 404);
  EXPECT_EQ(put_server("Identity%20Provider").text("code"), "resource_server_name_reserved");
  EXPECT_EQ(erase(kPath + "/Front").status(), 204);
  EXPECT_THAT(names(), testing::ElementsAre("RS1"));
  EXPECT_EQ(put_server("Identity%20Provider").status(), 201) << "it may come back";
  EXPECT_EQ(*shown("Identity%20Provider").get("built_in"), json::Value(true));
}

TEST_F(ResourceServersTest, a_renamed_identity_provider_still_does_as_the_realm_says) {
  put_server("RS1", R"({"default":true})");
  put_server("Identity%20Provider", R"({"name":"Front"})");
  const auto stored_text = stored("resource_server", "Front");
  const auto server = resource_servers::ResourceServer::from_json(*json::parse_object(stored_text));
  ASSERT_TRUE(server.ok());
  EXPECT_EQ(server->encryption, resource_servers::Encryption::kAsRealm);
}

TEST_F(ResourceServersTest, without_default_and_identity_provider_there_is_none) {
  put_server("RS1", R"({"default":true})");
  erase(kPath + "/Identity%20Provider");
  EXPECT_EQ(erase(kPath + "/RS1").status(), 204);
  EXPECT_THAT(names(), testing::IsEmpty());
  put_server("RS2");
  EXPECT_FALSE(is_default("RS2"));
}

TEST_F(ResourceServersTest, of_two_defaults_set_at_once_the_later_one_wins_whole) {
  put_server("RS1");
  put_server("RS2");
  storage->meanwhile = [this] {
    EXPECT_EQ(put_server("RS2", R"({"default":true})").status(), 200);
  };
  EXPECT_EQ(put_server("RS1", R"({"default":true})").status(), 200);
  EXPECT_TRUE(is_default("RS1"));
  EXPECT_FALSE(is_default("RS2"));
}

TEST_F(ResourceServersTest,
       what_is_first_said_about_the_built_in_one_goes_with_it_when_it_is_removed) {
  put_server("RS1", R"({"default":true})");
  const std::string first = R"({"uri":"https://idp.example","scopes":[{"name":"s"}]})";
  storage->meanwhile = [&] { EXPECT_EQ(put_server("Identity%20Provider", first).status(), 200); };
  EXPECT_EQ(erase(kPath + "/Identity%20Provider").status(), 204);
  EXPECT_THAT(names(), testing::ElementsAre("RS1"));
  EXPECT_EQ(stored("resource_server", "Identity Provider"), "");
  EXPECT_EQ(stored("resource_server_uri", "https://idp.example"), "");
  EXPECT_EQ(stored("scope", "s"), "");
}

TEST_F(ResourceServersTest,
       what_is_first_said_about_a_built_in_one_that_was_just_removed_brings_it_back) {
  put_server("RS1", R"({"default":true})");
  storage->meanwhile = [&] { EXPECT_EQ(erase(kPath + "/Identity%20Provider").status(), 204); };
  EXPECT_EQ(put_server("Identity%20Provider", R"({"description":"d"})").status(), 201);
  EXPECT_EQ(*shown("Identity%20Provider").get("built_in"), json::Value(true));
}

TEST_F(ResourceServersTest, what_is_first_said_about_the_built_in_one_is_renamed_with_it) {
  put_server("RS1", R"({"default":true})");
  storage->meanwhile = [&] {
    EXPECT_EQ(put_server("Identity%20Provider", R"({"description":"d"})").status(), 200);
  };
  EXPECT_EQ(put_server("Identity%20Provider", R"({"name":"Front"})").status(), 200);
  EXPECT_THAT(names(), testing::ElementsAre("Front", "RS1"));
}

TEST_F(ResourceServersTest, a_change_that_loses_every_time_says_so) {
  put_server("RS1");
  put_server("RS2");
  int turn = 0;
  std::function<void()> always = [&] {
    if (++turn > 2 * kMostTries) return;
    const bool to_first = turn % 2 == 1;
    put_server(to_first ? "RS2" : "Identity%20Provider", R"({"default":true})");
    storage->meanwhile = always;
  };
  storage->meanwhile = always;
  const auto answer = put_server("RS1", R"({"default":true})");
  EXPECT_EQ(answer.status(), 409) << answer.response().body;
  EXPECT_EQ(answer.text("code"), "resource_server_busy");
}

TEST_F(ResourceServersTest, a_uri_names_one_resource_server) {
  EXPECT_EQ(put_server("RS1", R"({"uri":"https://api.example/"})").status(), 201);
  const auto taken = put_server("RS2", R"({"uri":"https://api.example/"})");
  EXPECT_EQ(taken.status(), 409);
  EXPECT_EQ(taken.text("code"), "resource_uri_taken");
  EXPECT_THAT(taken.text("detail"), HasSubstr("RS1"));
  EXPECT_EQ(put_server("RS1", R"({"uri":"https://api.example/","description":"again"})").status(),
            200);
  EXPECT_EQ(erase(kPath + "/RS1").status(), 204);
  EXPECT_EQ(put_server("RS2", R"({"uri":"https://api.example/"})").status(), 201);
}

TEST_F(ResourceServersTest, a_name_that_is_a_uri_is_one_so_that_no_two_have_one_audience) {
  EXPECT_EQ(put_server("urn:orders").status(), 201);
  EXPECT_THAT(stored("resource_server_uri", "urn:orders"), HasSubstr("urn:orders"));
  EXPECT_EQ(put_server("RS2", R"({"uri":"urn:orders"})").text("code"), "resource_uri_taken");
  EXPECT_EQ(put_server("urn:orders", R"({"uri":"urn:orders"})").status(), 200) << "it may say so";
  EXPECT_EQ(put_server("urn:orders", R"({"uri":"urn:other"})").status(), 200);
  EXPECT_EQ(put_server("RS2", R"({"uri":"urn:orders"})").status(), 201)
      << "the name is only a name";
  EXPECT_EQ(put_server("urn:orders").text("code"), "resource_uri_taken");
  EXPECT_EQ(erase(kPath + "/urn:orders").status(), 204);
  EXPECT_EQ(stored("resource_server_uri", "urn:other"), "");
  EXPECT_THAT(stored("resource_server_uri", "urn:orders"), HasSubstr("RS2"));
}

TEST_F(ResourceServersTest, a_scope_is_defined_at_one_resource_server) {
  EXPECT_EQ(put_server("RS1", R"({"scopes":[{"name":"s1"},{"name":"s2"}]})").status(), 201);
  const auto taken = put_server("RS2", R"({"scopes":[{"name":"s2"}]})");
  EXPECT_EQ(taken.status(), 409);
  EXPECT_EQ(taken.text("code"), "scope_defined_elsewhere");
  EXPECT_THAT(taken.text("detail"), testing::AllOf(HasSubstr("s2"), HasSubstr("RS1")));
  EXPECT_EQ(put_server("RS1", R"({"scopes":[{"name":"s1","description":"new words"}]})").status(),
            200);
  EXPECT_THAT(stored("scope", "s1"), testing::AllOf(HasSubstr("new words"), HasSubstr("RS1")));
  EXPECT_EQ(stored("scope", "s2"), "");
  EXPECT_EQ(put_server("RS2", R"({"scopes":[{"name":"s2"}]})").status(), 201);
}

TEST_F(ResourceServersTest, a_scope_that_appears_elsewhere_meanwhile_is_not_defined_twice) {
  storage->meanwhile = [this] {
    EXPECT_EQ(put_server("RS2", R"({"scopes":[{"name":"s"}]})").status(), 201);
  };
  EXPECT_EQ(put_server("RS1", R"({"scopes":[{"name":"s"}]})").text("code"),
            "scope_defined_elsewhere");
  EXPECT_EQ(get(kPath + "/RS1").status(), 404) << "nothing of it was stored";
}

TEST_F(ResourceServersTest, a_rename_takes_uri_scopes_default_and_policies_with_it) {
  put_server("RS1", R"({"uri":"https://rs.example","default":true,"scopes":[{"name":"s"}]})");
  ASSERT_EQ(put_policy("p", R"(,"resource_server":"RS1","scopes":["s"])").status(), 201);
  const auto renamed =
      put_server("RS1", R"({"name":"RS 2","uri":"https://rs.example","scopes":[{"name":"s"}]})");
  EXPECT_EQ(renamed.status(), 200) << renamed.response().body;
  EXPECT_EQ(get(kPath + "/RS1").status(), 404);
  EXPECT_TRUE(is_default("RS%202"));
  EXPECT_THAT(stored("resource_server_uri", "https://rs.example"), HasSubstr("RS 2"));
  EXPECT_THAT(stored("scope", "s"), HasSubstr("RS 2"));
  EXPECT_THAT(stored("inject_policy", "p"), HasSubstr("RS 2"));
  EXPECT_THAT(journal(), HasSubstr("resource_server.renamed"));
  put_server("RS3");
  EXPECT_EQ(put_server("RS3", R"({"name":"RS 2"})").text("code"), "resource_server_exists");
  EXPECT_EQ(put_server("RS9", R"({"name":"RS10"})").text("code"), "resource_server_unknown");
  EXPECT_EQ(put_server("RS3", R"({"name":"Identity Provider"})").text("code"),
            "resource_server_name_reserved");
}

TEST_F(ResourceServersTest, contradictions_and_unknown_members_are_refused) {
  EXPECT_EQ(put_server("RS1", R"({"scopess":[]})").text("code"), "settings_invalid");
  EXPECT_EQ(put_server("RS1", R"({"default":1})").text("code"), "settings_invalid");
  EXPECT_EQ(put_server("RS1", "nonsense").text("code"), "json_malformed");
  EXPECT_EQ(
      put_server("RS1", R"({"access_token":{"encryption":"resource_server_key"}})").text("code"),
      "resource_server_contradiction");
  EXPECT_EQ(put_server("RS1", R"({"access_token":{"sealed_jwks":"SGN1.x"}})").text("code"),
            "settings_invalid");
  EXPECT_EQ(put_server("RS1", R"({"built_in":true})").status(), 201)
      << "shown, and the server's own";
  EXPECT_EQ(*shown("RS1").get("built_in"), json::Value(false));
}

TEST_F(ResourceServersTest, a_realm_goes_with_its_state_but_not_with_its_resource_servers) {
  put("/admin/realms/alpha", "{}");
  const std::string alpha = "/admin/realms/alpha/resource-servers/";
  put(alpha + "Identity%20Provider", R"({"uri":"https://idp.example","scopes":[{"name":"s"}]})");
  put(alpha + "RS1", R"({"default":true})");
  EXPECT_EQ(erase("/admin/realms/alpha").text("code"), "realm_not_empty");
  const std::string direct =
      jwks(R"("kty":"oct","kid":"d","k":")" + kMaterial + kMaterial.substr(0, 20) + "w\"");
  ASSERT_EQ(put(alpha + "RS3", by_its_key(direct, "dir")).status(), 201);
  EXPECT_EQ(erase(alpha + "RS3").status(), 204);
  EXPECT_EQ(erase(alpha + "RS1").status(), 204);
  EXPECT_EQ(erase("/admin/realms/alpha").status(), 204);
  const auto kept = async::run_now(storage->documents(std::string(resource_servers::kDirectKeyKind),
                                                      RealmName("alpha"), "", 10));
  EXPECT_TRUE(kept.ok() && kept->empty());
  put("/admin/realms/alpha", "{}");
  const auto again = get(alpha + "Identity%20Provider");
  EXPECT_EQ(again.json().find("revision")->if_int(), 0) << "nothing of the old one is left";
  EXPECT_EQ(put(alpha + "RS2", R"({"uri":"https://idp.example","scopes":[{"name":"s"}]})").status(),
            201);
}

}  // namespace
}  // namespace signet::admin
