// What keeps planned rotation from going on is shown before a key is due.

#include "admin/test_admin.h"

namespace signet::admin {
namespace {

using signet::test::is_ok;
using test::AdminApiTest;
using testing::HasSubstr;

constexpr const char* kRotatedId = "am.services.oauth2.stateless.signing.ES256";

/// As a KMS whose setting create_keys is off.
class KeylessMemory : public secrets::MemoryStore {
 public:
  KeylessMemory() : MemoryStore(StoreName("kms")) {}
  Status may_make_keys() const override {
    return Error{Code::kUnsupported, "store_makes_no_keys", "create_keys is off"};
  }
};

TEST_F(AdminApiTest, a_rule_over_a_store_that_may_make_no_keys_is_told_before_a_key_is_due) {
  const auto store = std::make_shared<KeylessMemory>();
  // The key that signs already: one that nobody knows yet would have to wait.
  const auto known = async::run_now(world.store->fetch(Alias("ec256")));
  ASSERT_THAT(known, is_ok());
  store->put(Alias("es"), *known);
  std::vector<secrets::ConfiguredStore> stores(1);
  stores[0].store = store;
  stores[0].mappings.push_back({secrets::SecretId::literal(kRotatedId), {Alias("es")}});
  ASSERT_THAT(async::run_now(world.services->keeper->configure(stores)), is_ok());
  put("/admin/realms/root", "{}");
  const std::string plan =
      std::string("/admin/secrets/plan?step=publish&store=kms&alias=es&id=") + kRotatedId;
  EXPECT_EQ(get(plan).text("rotation_fault"), "") << "there is no rule";

  secrets::RotationRule rule;
  rule.id = secrets::SecretId::literal(kRotatedId);
  rule.store = StoreName("kms");
  rule.every = Seconds(30 * 86'400);
  const auto runner = std::make_shared<secrets::RotationRunner>(
      world.keeper, world.storage, world.clock, std::vector<secrets::RotationRule>(1, rule), "self",
      Seconds(10));
  services->rotation = runner;
  const auto health_text = [&] { return get("/admin/health").response().body; };
  const auto told =
      HasSubstr(std::string(R"({"name":"rotation of )") + kRotatedId +
                R"(","ok":false,"detail":"store_makes_no_keys: create_keys is off"})");
  EXPECT_THAT(health_text(), told) << "before it ran at all";
  ASSERT_THAT(async::run_now(runner->run()), is_ok());
  ASSERT_EQ(runner->status().at(0).memory.failures, 1);
  EXPECT_THAT(health_text(), told) << "and once";
  EXPECT_EQ(get(plan).text("rotation_fault"), "store_makes_no_keys: create_keys is off");
  for (const char* more : {"", R"(,"dry_run":true)"}) {
    const auto refused = post("/admin/secrets/rotate", std::string(R"({"store":"kms","id":")") +
                                                           kRotatedId + '"' + more + "}");
    EXPECT_EQ(refused.text("code"), "store_makes_no_keys") << more;
  }
  EXPECT_EQ(async::run_now(store->aliases())->size(), 1U);
}

}  // namespace
}  // namespace signet::admin
