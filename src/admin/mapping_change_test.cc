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
  put("/admin/realms/root", R"({"scopes":["read"]})");
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
  put("/admin/realms/root", R"({"scopes":["read"]})");
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

TEST_F(AdminApiTest, a_trial_does_not_list_a_global_key_of_a_store_of_the_same_name) {
  constexpr const char* kId = "am.services.oauth2.stateless.signing.ES256";
  const auto own = std::make_shared<secrets::MemoryStore>(StoreName("memory"));
  auto key = crypto::PrivateKey::generate(crypto::KeyKind::kEcP256, 0).value();
  own->put(Alias("mine"), {secrets::Secret::of_key(jose::Jwk::from_private(std::move(key)))});
  std::vector<secrets::ConfiguredStore> stores(2);
  stores[0].store = world.store;
  stores[0].mappings.push_back({secrets::SecretId::literal(kId), {Alias("ec256")}});
  stores[1].store = own;
  stores[1].realm = RealmName("root");
  stores[1].mappings.push_back({secrets::SecretId::literal(kId), {Alias("mine")}});
  ASSERT_TRUE(async::run_now(world.services->keeper->configure(stores)).ok());
  put("/admin/realms/root", "{}");
  ASSERT_TRUE(async::run_now(world.services->keeper->rings(RealmName("root"))).ok());
  const std::string step = std::string(R"({"realm":"root","store":"memory","id":")") + kId + "\"";
  const auto retired = post("/admin/secrets/retire", step + R"(,"alias":"mine","force":true})");
  ASSERT_EQ(retired.status(), 200) << retired.response().body;
  const auto trial = put("/admin/secrets/mappings",
                         std::string(R"({"realm":"root","store":"memory","secretId":")") + kId +
                             R"(","aliases":["mine"],"dry_run":true})");
  ASSERT_EQ(trial.status(), 200) << trial.response().body;
  EXPECT_THAT(trial.response().body, testing::HasSubstr(R"("leaving":[])"));
  const auto listed = get("/admin/realms/root/secrets").response().body;
  EXPECT_THAT(listed, testing::HasSubstr(R"("store":"memory","store_realm":"")"));
}

/// As keystores are.
class StoreInAnyCase : public secrets::MemoryStore {
 public:
  using secrets::MemoryStore::MemoryStore;
  bool ignores_case() const override { return true; }
  Task<std::vector<secrets::Secret>> fetch(Alias alias) override {
    return secrets::MemoryStore::fetch(canonical(alias));
  }
};

TEST_F(AdminApiTest, an_alias_in_another_case_is_the_same_alias_where_the_store_says_so) {
  const std::string id = "am.services.oauth2.stateless.signing.ES256";
  const auto any_case = std::make_shared<StoreInAnyCase>(StoreName("ks"));
  for (const char* alias : {"one", "two"}) {
    auto key = crypto::PrivateKey::generate(crypto::KeyKind::kEcP256, 0).value();
    any_case->put(Alias(alias), {secrets::Secret::of_key(jose::Jwk::from_private(std::move(key)))});
  }
  std::vector<secrets::ConfiguredStore> stores(1);
  stores[0].store = any_case;
  stores[0].mappings.push_back({secrets::SecretId::literal(id), {Alias("One")}});
  ASSERT_TRUE(async::run_now(world.services->keeper->configure(stores)).ok());
  put("/admin/realms/root", "{}");
  const auto listed = [&] { return get("/admin/secrets/mappings?store=ks").response().body; };
  EXPECT_THAT(listed(), testing::HasSubstr(R"(["one"])")) << "the configured one too";
  EXPECT_THAT(listed(), testing::HasSubstr(R"("ignores_case":true)"));
  EXPECT_THAT(get("/admin/secrets/mappings?store=memory").response().body,
              testing::Not(testing::HasSubstr("ignores_case")));

  const std::string start = R"({"store":"ks","secretId":")" + id + "\"";
  const auto trial =
      put("/admin/secrets/mappings", start + R"(,"aliases":["ONE"],"dry_run":true})");
  ASSERT_EQ(trial.status(), 200) << trial.response().body;
  EXPECT_TRUE(trial.flag("safe"));
  EXPECT_THAT(trial.response().body, testing::HasSubstr(R"("leaving":[])"));

  const auto step = [&](const char* name, const char* alias) {
    return post(std::string("/admin/secrets/") + name,
                R"({"store":"ks","id":")" + id + R"(","alias":")" + alias + R"(","force":true})");
  };
  EXPECT_EQ(step("publish", "ONE").text("code"), "alias_mapped");
  EXPECT_EQ(step("publish", "TWO").status(), 200);
  EXPECT_EQ(step("activate", "Two").status(), 200);
  EXPECT_THAT(listed(), testing::HasSubstr(R"(["two","one"])"));
  const auto plan = get("/admin/secrets/plan?step=retire&alias=ONE&id=" + id);
  EXPECT_EQ(plan.text("alias"), "one");
  EXPECT_EQ(plan.text("store"), "ks");
  const auto retired = step("retire", "OnE");
  EXPECT_EQ(retired.status(), 200) << retired.response().body;
  const auto mapped = put("/admin/secrets/mappings", start + R"(,"aliases":["TWO","tWo"]})");
  EXPECT_EQ(mapped.status(), 200) << mapped.response().body;
  EXPECT_THAT(listed(), testing::HasSubstr(R"(["two"])"));
}

}  // namespace
}  // namespace signet::admin
