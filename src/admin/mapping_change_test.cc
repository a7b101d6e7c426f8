// PUT /admin/secrets/mappings and POST .../undo.

#include "admin/test_admin.h"

namespace signet::admin {
namespace {

using test::AdminApiTest;

TEST_F(AdminApiTest, sec_131_a_mapping_that_cannot_serve_is_refused_and_the_old_one_stays) {
  put("/admin/realms/root", "{}");
  const std::string id = "am.services.oauth2.stateless.signing.RSA";
  const auto map = [&](const std::string& aliases) {
    return put("/admin/secrets/mappings",
               R"({"store":"memory","secretId":")" + id + R"(","aliases":)" + aliases + "}");
  };
  for (const char* bad :
       {R"(["ec256"])", R"(["nothing"])", "[]", R"(["rsa","rsa"])", R"(["aes"])"}) {
    const auto answer = map(bad);
    EXPECT_EQ(answer.status() / 100, 4) << bad << answer.text("detail");
  }
  EXPECT_NE(get("/admin/secrets/mappings?store=memory").response().body.find("[\"rsa\"]"),
            std::string::npos);
}

TEST_F(AdminApiTest, sec_131_a_trial_lists_the_keys_whose_tokens_would_be_refused) {
  put("/admin/realms/root", "{}");
  world.client("c1");
  add_rsa_key();
  const std::string start =
      R"({"store":"memory","secretId":"am.services.oauth2.stateless.signing.RSA")";
  const std::string token = world.issue("c1");
  const std::string kid = jose::parse_compact_header(token)->kid;
  const auto trial = [&](const std::string& more) {
    return put("/admin/secrets/mappings", start + more + R"(,"dry_run":true})");
  };
  auto refused = trial(R"(,"aliases":["rsa2"])");
  ASSERT_EQ(refused.status(), 200) << refused.response().body;
  EXPECT_FALSE(refused.flag("safe"));
  EXPECT_EQ(refused.text("reason"), "activation_too_early");
  const json::Value shown(refused.json());
  const json::Array& leaving = *shown.get("leaving")->if_array();
  ASSERT_EQ(leaving.size(), 1U);
  EXPECT_EQ(*leaving[0].get("kid")->if_string(), kid);
  EXPECT_NE(leaving[0].get("tokens_unverifiable_until")->if_string(), nullptr);
  EXPECT_THAT(refused.response().body, testing::HasSubstr(R"("client_id":"c1")"));
  EXPECT_TRUE(trial(R"(,"aliases":["rsa2"],"force":true)").flag("safe"));
  const auto harmless = trial(R"(,"aliases":["rsa","rsa2"])");
  EXPECT_TRUE(harmless.flag("safe"));
  EXPECT_THAT(harmless.response().body, testing::HasSubstr(R"("leaving":[])"));
  EXPECT_TRUE(world.is_active(token, "c1"));
  EXPECT_NE(get("/admin/secrets/mappings?store=memory").response().body.find("[\"rsa\"]"),
            std::string::npos);
}

TEST_F(AdminApiTest, sec_131_one_call_takes_a_change_back) {
  put("/admin/realms/root", "{}");
  world.client("c1");
  add_rsa_key();
  const std::string start =
      R"({"store":"memory","secretId":"am.services.oauth2.stateless.signing.RSA")";
  const std::string undo = "/admin/secrets/mappings/undo";
  EXPECT_EQ(post(undo, start + "}").status(), 404);
  const std::string token = world.issue("c1");
  EXPECT_EQ(put("/admin/secrets/mappings", start + R"(,"aliases":["rsa2"],"force":true})").status(),
            200);
  EXPECT_FALSE(world.is_active(token, "c1"));
  const auto undone = post(undo, start + "}");
  ASSERT_EQ(undone.status(), 200) << undone.response().body;
  EXPECT_TRUE(world.is_active(token, "c1")) << "it verifies again at once";
  EXPECT_FALSE(undone.flag("whole"));
  EXPECT_EQ(undone.text("reason"), "activation_too_early");
  EXPECT_EQ(json::dump(*undone.json().find("aliases")), R"(["rsa2","rsa"])");
  EXPECT_EQ(post(undo, R"({"store":"memory"})").status(), 400);
}

}  // namespace
}  // namespace signet::admin
