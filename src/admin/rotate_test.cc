// POST /admin/secrets/rotate where the store rotates by versions.

#include "admin/test_admin.h"

namespace signet::admin {
namespace {

using signet::test::is_ok;
using test::AdminApiTest;
using test::FakeExchange;

constexpr const char* kVersionedId = "am.services.oauth2.stateless.signing.ES256";

/// One alias, "es", with as many versions as were asked for.
class VersionedMemory : public secrets::MemoryStore, public secrets::VersionMaker {
 public:
  VersionedMemory() : MemoryStore(StoreName("kms"), secrets::Ordering::kByStore) { add(); }

  Task<Done> make_version(Alias, std::string after) override {
    if (refusal) co_return *refusal;
    if (after == std::to_string(versions_.size())) add();
    co_return Done{};
  }
  std::size_t count() const { return versions_.size(); }

  std::optional<Error> refusal;

 private:
  void add() {
    auto key = crypto::PrivateKey::generate(crypto::KeyKind::kEcP256, 0).value();
    auto secret = secrets::Secret::of_key(jose::Jwk::from_private(std::move(key)));
    secret.version = std::to_string(versions_.size() + 1);
    versions_.insert(versions_.begin(), std::move(secret));
    put(Alias("es"), versions_);
  }
  std::vector<secrets::Secret> versions_;
};

class RotateVersionsTest : public AdminApiTest {
 protected:
  RotateVersionsTest() {
    secrets::ConfiguredStore configured;
    configured.store = store;
    configured.mappings.push_back({secrets::SecretId::literal(kVersionedId), {Alias("es")}});
    EXPECT_THAT(async::run_now(world.services->keeper->configure({configured})), is_ok());
    put("/admin/realms/root", "{}");
  }
  FakeExchange rotate(const std::string& more = "") {
    return post("/admin/secrets/rotate",
                std::string(R"({"store":"kms","id":")") + kVersionedId + "\"" + more + "}");
  }
  static std::vector<std::string> steps(const FakeExchange& exchange, const char* member) {
    std::vector<std::string> out;
    const auto body = exchange.json();
    for (const auto& step : *body.find("plan")->if_array())
      out.push_back(*step.get(member)->if_string());
    return out;
  }
  std::string jwks() { return world.get("/oauth2/connect/jwk_uri").response().body; }

  std::shared_ptr<VersionedMemory> store = std::make_shared<VersionedMemory>();
};

TEST_F(RotateVersionsTest, a_version_is_made_and_published_and_the_rest_comes_by_itself) {
  const auto dry = rotate(R"(,"dry_run":true)");
  EXPECT_EQ(steps(dry, "step"), (std::vector<std::string>{"publish", "activate"}));
  EXPECT_EQ(store->count(), 1U);
  const auto done = rotate();
  ASSERT_EQ(done.status(), 200);
  EXPECT_EQ(steps(done, "step"), (std::vector<std::string>{"publish", "activate"}));
  EXPECT_EQ(steps(done, "alias"), (std::vector<std::string>{"es", "es"}));
  const std::string kid = steps(done, "kid").front();
  EXPECT_NE(jwks().find(kid), std::string::npos);
  const auto again = rotate();
  EXPECT_EQ(steps(again, "kid").front(), kid) << "the one that waits is the next one";
  EXPECT_EQ(store->count(), 2U);
}

TEST_F(RotateVersionsTest, the_plan_of_an_activation_is_about_the_version_that_waits) {
  const auto next = [&] {
    const auto done = rotate();
    return steps(done, "not_before").back();
  };
  next();
  world.clock->advance(world.services->keeper->policy().publish_ahead);
  EXPECT_THAT(async::run_now(world.services->keeper->refresh()), is_ok());
  const std::string from = next();
  EXPECT_EQ(store->count(), 3U);
  const auto plan = get(std::string("/admin/secrets/plan?step=activate&id=") + kVersionedId);
  EXPECT_EQ(plan.text("not_before"), from) << "one signs, one waits, one signed before";
  EXPECT_EQ(plan.text("reason"), "activation_too_early");
}

TEST_F(RotateVersionsTest, what_the_store_refuses_is_told_and_no_other_alias_is_made) {
  store->refusal = Error{Code::kDenied, "google_denied", "no right to create"};
  EXPECT_EQ(rotate().text("code"), "google_denied");
  store->refusal = Error{Code::kUnavailable, "version_pending", "soon"};
  EXPECT_EQ(rotate().text("code"), "version_pending");
  store->refusal.reset();
  EXPECT_EQ(rotate(R"(,"alias":"other")").text("code"), "mapping_one_alias");
  EXPECT_EQ(store->count(), 1U);
}

}  // namespace
}  // namespace signet::admin
