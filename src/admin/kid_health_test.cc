// Two keys of one kid, in health and where a mapping would make them.

#include "admin/test_admin.h"

namespace signet::admin {
namespace {

using test::AdminApiTest;

class TwoKeysOfOneKidTest : public AdminApiTest {
 protected:
  static inline const std::string kEs256 = "am.services.oauth2.stateless.signing.ES256";
  static inline const std::string kEs384 = "am.services.oauth2.stateless.signing.ES384";

  TwoKeysOfOneKidTest() {
    add("first", crypto::KeyKind::kEcP256);
    add("second", crypto::KeyKind::kEcP384);
    put("/admin/realms/root", "{}");
  }
  void add(const char* alias, crypto::KeyKind kind) const {
    auto key = crypto::PrivateKey::generate(kind, 0).value();
    world.store->put(Alias(alias), {secrets::Secret::of_key(jose::Jwk::from_private(std::move(key)),
                                                            KeyId("chosen"))});
  }
  void configure(const std::map<std::string, std::string>& mappings) const {
    std::vector<secrets::ConfiguredStore> stores(1);
    stores[0].store = world.store;
    for (const auto& [id, alias] : mappings)
      stores[0].mappings.push_back({secrets::SecretId::literal(id), {Alias(alias)}});
    EXPECT_TRUE(async::run_now(world.services->keeper->configure(stores)).ok());
  }
};

TEST_F(TwoKeysOfOneKidTest, are_shown_by_health) {
  configure({{kEs256, "first"}});
  EXPECT_THAT(json::dump(get("/admin/health").json()),
              testing::HasSubstr(R"({"name":"kids","ok":true,"detail":""})"));
  configure({{kEs256, "first"}, {kEs384, "second"}});
  const auto health = get("/admin/health");
  EXPECT_EQ(health.text("status"), "degraded");
  const std::string text = json::dump(health.json());
  EXPECT_THAT(text, testing::HasSubstr(R"({"name":"kids","ok":false,)"));
  EXPECT_THAT(text, testing::HasSubstr(R"("kid_clashes":[{"realm":"","kid":"chosen","keys":[)"));
  EXPECT_THAT(text, testing::HasSubstr(R"({"secret_id":")" + kEs384 +
                                       R"(","store":"memory","store_realm":"","alias":"second"})"));
}

TEST_F(TwoKeysOfOneKidTest, are_refused_when_they_are_mapped_and_by_a_trial) {
  configure({{kEs256, "first"}});
  const std::string start =
      R"({"store":"memory","secretId":")" + kEs384 + R"(","aliases":["second"])";
  const auto trial = put("/admin/secrets/mappings", start + R"(,"dry_run":true})");
  EXPECT_FALSE(trial.flag("safe"));
  EXPECT_EQ(trial.text("reason"), "kid_reused");
  const auto refused = put("/admin/secrets/mappings", start + R"(,"force":true})");
  EXPECT_EQ(refused.status(), 409);
  EXPECT_EQ(refused.text("code"), "kid_reused");
  EXPECT_THAT(refused.text("detail"), testing::HasSubstr(kEs256));
}

}  // namespace
}  // namespace signet::admin
