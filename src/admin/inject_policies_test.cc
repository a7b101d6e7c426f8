// Inject policies as operators write them, and what stays because they name it.

#include "admin/test_resource_servers.h"

namespace signet::admin {
namespace {

using namespace test;
using testing::HasSubstr;
using testing::Not;

class InjectPoliciesTest : public ResourceServersTest {};

TEST_F(InjectPoliciesTest, a_policy_names_what_there_is) {
  EXPECT_EQ(put("/admin/realms/root/inject-policies/p", R"({"client_id":"nobody"})").text("code"),
            "client_unknown");
  EXPECT_EQ(put_policy("p", R"(,"resource_server":"nobody")").text("code"),
            "resource_server_unknown");
  EXPECT_EQ(put_policy("p", R"(,"scopes":["nowhere"])").text("code"), "scope_undefined");
  world.put("client", "root", "listing", R"({"client_id":"listing","scopes":["its_own"]})");
  EXPECT_EQ(put("/admin/realms/root/inject-policies/listed",
                R"({"client_id":"listing","scopes":["its_own"]})")
                .text("code"),
            "scope_undefined")
      << "as at the token endpoint";
  EXPECT_EQ(put_policy("p", R"(,"scopes":["own"],"renew_before":0)").text("code"),
            "settings_invalid");
  EXPECT_EQ(put_policy("p", R"(,"name":"q")").text("code"), "name_mismatch");
  EXPECT_EQ(put_policy("p", R"(,"resource_server":"Identity Provider","scopes":["own"])").status(),
            201);
  EXPECT_EQ(put_policy("p", "").status(), 200);
  EXPECT_EQ(put("/admin/realms/root/inject-policies/p", R"({"client_id":"gateway"})",
                {{"If-None-Match", "*"}})
                .status(),
            412);
  EXPECT_THAT(get("/admin/realms/root/inject-policies").response().body, HasSubstr("gateway"));
  EXPECT_EQ(get("/admin/realms/root/inject-policies/p").status(), 200);
  EXPECT_EQ(erase("/admin/realms/root/inject-policies/p").status(), 204);
  EXPECT_EQ(get("/admin/realms/root/inject-policies/p").text("code"), "inject_policy_unknown");
  for (const char* event :
       {"inject_policy.created", "inject_policy.changed", "inject_policy.deleted"})
    EXPECT_THAT(journal(), HasSubstr(event));
}

TEST_F(InjectPoliciesTest, a_policy_that_can_give_no_token_is_told_of_when_it_is_written) {
  const auto warnings = [&](const std::string& more) {
    return json::dump(*put_policy("p", more).json().find("warnings"));
  };
  EXPECT_EQ(warnings(R"(,"scopes":["read"])"), "[]");
  EXPECT_THAT(warnings(R"(,"scopes":["own"])"), HasSubstr("may not have the scope 'own'"));
  EXPECT_THAT(warnings(R"(,"renew_before":600)"), HasSubstr("every request makes a token"));
  EXPECT_EQ(warnings(R"(,"renew_before":599)"), "[]");
  put_server("RS1", R"({"access_token":{"lifetime":42}})");
  EXPECT_THAT(warnings(R"(,"resource_server":"RS1")"), HasSubstr("they live for 42 s"));
  world.client("gateway", R"(,"enabled":false,"grant_types":[],)"
                          R"("token_endpoint_auth_method":"client_secret_post")");
  const std::string all = warnings("");
  for (const char* why : {"is disabled", "client_secret_basic", "client_credentials"})
    EXPECT_THAT(all, HasSubstr(why));
}

TEST_F(InjectPoliciesTest, used_by_a_policy_it_is_not_deleted_and_the_policies_are_named) {
  put_server("RS1");
  ASSERT_EQ(put_policy("first", R"(,"resource_server":"RS1")").status(), 201);
  ASSERT_EQ(put_policy("second", R"(,"resource_server":"RS1")").status(), 201);
  const auto refused = erase(kPath + "/RS1");
  EXPECT_EQ(refused.status(), 409);
  EXPECT_EQ(refused.text("code"), "resource_server_in_use");
  EXPECT_THAT(refused.text("detail"), testing::AllOf(HasSubstr("first"), HasSubstr("second")));
  for (const char* policy : {"first", "second"})
    EXPECT_EQ(erase(std::string("/admin/realms/root/inject-policies/") + policy).status(), 204);
  EXPECT_EQ(erase(kPath + "/RS1").status(), 204);
}

TEST_F(InjectPoliciesTest, a_policy_that_appears_while_it_is_deleted_keeps_it) {
  put_server("RS1");
  storage->meanwhile = [this] {
    EXPECT_EQ(put_policy("late", R"(,"resource_server":"RS1")").status(), 201);
  };
  EXPECT_EQ(erase(kPath + "/RS1").text("code"), "resource_server_in_use");
  put_server("RS2");
  storage->meanwhile = [this] { EXPECT_EQ(erase(kPath + "/RS2").status(), 204); };
  EXPECT_EQ(put_policy("later", R"(,"resource_server":"RS2")").text("code"),
            "resource_server_unknown");
}

TEST_F(InjectPoliciesTest, a_client_that_policies_name_is_not_deleted_and_they_are_named) {
  const std::string client = "/admin/realms/root/clients/gateway";
  ASSERT_EQ(put_policy("first", "").status(), 201);
  ASSERT_EQ(put_policy("second", "").status(), 201);
  world.client("other");
  const auto refused = erase(client);
  EXPECT_EQ(refused.status(), 409);
  EXPECT_EQ(refused.text("code"), "client_in_use");
  EXPECT_THAT(refused.text("detail"), testing::AllOf(HasSubstr("first"), HasSubstr("second")));
  EXPECT_EQ(erase("/admin/realms/root/clients/other").status(), 204);
  EXPECT_NE(world.issue("gateway"), "");
  ASSERT_EQ(erase("/admin/realms/root/inject-policies/first").status(), 204);
  EXPECT_THAT(erase(client).text("detail"), Not(HasSubstr("first")));
  world.client("other");
  EXPECT_EQ(put("/admin/realms/root/inject-policies/second", R"({"client_id":"other"})").status(),
            200);
  EXPECT_EQ(call(http::Method::kDelete, client, "", {{"If-Match", "\"77\""}}).status(), 412);
  EXPECT_EQ(erase(client).status(), 204) << "no policy names it any more";
  EXPECT_EQ(erase(client).status(), 404);
}

TEST_F(InjectPoliciesTest, a_policy_that_appears_while_its_client_is_deleted_keeps_it) {
  const std::string client = "/admin/realms/root/clients/gateway";
  storage->meanwhile = [this] { EXPECT_EQ(put_policy("late", "").status(), 201); };
  EXPECT_EQ(erase(client).text("code"), "client_in_use");
  ASSERT_EQ(erase("/admin/realms/root/inject-policies/late").status(), 204);
  storage->meanwhile = [&] { EXPECT_EQ(erase(client).status(), 204); };
  EXPECT_EQ(put_policy("later", "").text("code"), "client_unknown");
}

TEST_F(InjectPoliciesTest, a_policy_comes_through_though_many_change_its_client_at_once) {
  int turn = 0;
  std::function<void()> others = [&] {
    world.client("gateway");
    if (++turn < 20) storage->meanwhile = others;
  };
  storage->meanwhile = others;
  EXPECT_EQ(put_policy("p", "").status(), 201);
  EXPECT_EQ(turn, 20);
}

TEST_F(InjectPoliciesTest, a_client_that_changes_every_time_says_so_when_it_is_deleted) {
  const std::string client = "/admin/realms/root/clients/gateway";
  std::function<void()> again = [&] {
    world.client("gateway");
    storage->meanwhile = again;
  };
  storage->meanwhile = again;
  EXPECT_EQ(erase(client).text("code"), "client_busy");
  storage->meanwhile = nullptr;
  EXPECT_EQ(erase(client).status(), 204);
}

TEST_F(InjectPoliciesTest, a_policy_that_asks_for_a_scope_that_goes_is_a_warning) {
  put_server("RS1", R"({"scopes":[{"name":"s"}]})");
  put_policy("p", R"(,"scopes":["s"])");
  const auto answer = put_server("RS1").json();
  const auto* warnings = answer.find("warnings")->if_array();
  ASSERT_EQ(warnings->size(), 1U);
  EXPECT_THAT(*(*warnings)[0].if_string(), HasSubstr("'p'"));
}

}  // namespace
}  // namespace signet::admin
