// POST /admin/secrets/rotate: for which ring, until when the old key stays, and by versions.

#include <set>

#include "admin/test_admin.h"

namespace signet::admin {
namespace {

using signet::test::is_ok;
using test::AdminApiTest;
using test::FakeExchange;

TEST_F(AdminApiTest, rotate_makes_a_key_publishes_it_and_tells_the_plan) {
  put("/admin/realms/root", "{}");
  const std::string body = R"({"store":"memory","id":"am.services.oauth2.stateless.signing.ES256")";
  const auto dry = post("/admin/secrets/rotate", body + R"(,"dry_run":true})");
  EXPECT_EQ(dry.status(), 200);
  EXPECT_EQ(dry.json().find("plan")->if_array()->size(), 3U);
  const auto done = post("/admin/secrets/rotate", body + "}");
  ASSERT_EQ(done.status(), 200);
  const auto plan = done.json();
  const auto& publish = (*plan.find("plan")->if_array())[0];
  EXPECT_TRUE(*publish.get("done")->if_bool());
  const std::string kid = *publish.get("kid")->if_string();
  EXPECT_NE(world.get("/oauth2/connect/jwk_uri").response().body.find(kid), std::string::npos);
}

TEST_F(AdminApiTest, rotations_within_one_second_make_keys_with_names_of_their_own) {
  put("/admin/realms/root", "{}");
  const std::string body = R"({"store":"memory","id":"am.services.oauth2.stateless.signing.ES256")";
  std::set<std::string> names;
  for (int i = 0; i < 3; ++i) {
    const auto done = post("/admin/secrets/rotate", body + "}");
    ASSERT_EQ(done.status(), 200) << i;
    const auto plan = done.json();
    names.insert(*(*plan.find("plan")->if_array())[0].get("alias")->if_string());
  }
  EXPECT_EQ(names.size(), 3U);
  const std::string taken = R"(,"alias":")" + *names.begin() + "\"}";
  const auto named = post("/admin/secrets/rotate", body + taken);
  EXPECT_EQ(named.status(), 409) << "a name that was asked for is taken or refused";
  EXPECT_NE(named.response().body.find("alias_exists"), std::string::npos);
}

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
  Task<std::vector<secrets::Secret>> fetch(Alias alias) override {
    if (std::exchange(one_becomes_usable, false)) add();
    return MemoryStore::fetch(std::move(alias));
  }
  std::size_t count() const { return versions_.size(); }

  std::optional<Error> refusal;
  bool one_becomes_usable = false;  ///< just before it is asked the next time

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

TEST_F(RotateVersionsTest, a_version_that_becomes_usable_meanwhile_is_the_next_one) {
  store->one_becomes_usable = true;
  EXPECT_EQ(rotate().status(), 200);
  EXPECT_FALSE(store->one_becomes_usable);
  EXPECT_EQ(store->count(), 2U) << "none was made after it";
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

TEST_F(RotateVersionsTest, the_global_key_is_rotated_although_the_realm_root_has_one_of_its_own) {
  const auto id = secrets::SecretId::literal(kVersionedId);
  auto key = crypto::PrivateKey::generate(crypto::KeyKind::kEcP256, 0).value();
  secrets::ConfiguredStore global, own;
  global.store = store;
  global.mappings.push_back({id, {Alias("es")}});
  const auto of_root = std::make_shared<secrets::MemoryStore>(StoreName("own"));
  of_root->put(Alias("own"), {secrets::Secret::of_key(jose::Jwk::from_private(std::move(key)))});
  own.store = of_root;
  own.realm = RealmName("root");
  own.mappings.push_back({id, {Alias("own")}});
  auto& keeper = *world.services->keeper;
  ASSERT_THAT(async::run_now(keeper.configure({global, own})), is_ok());
  ASSERT_THAT(async::run_now(keeper.rings(RealmName("root"))), is_ok());
  world.clock->advance(keeper.policy().publish_ahead);
  ASSERT_THAT(async::run_now(keeper.refresh()), is_ok());
  ASSERT_EQ(keeper.rings_now(RealmName("root"))->find(id)->ring->active().alias, Alias("own"));
  const auto done = rotate();
  ASSERT_EQ(done.status(), 200) << done.response().body;
  EXPECT_EQ(store->count(), 2U);
  EXPECT_EQ(steps(done, "alias"), (std::vector<std::string>{"es", "es"}));
}

TEST_F(RotateVersionsTest, a_global_key_is_not_rotated_in_the_realms_store_of_the_same_name) {
  const auto own = std::make_shared<VersionedMemory>();
  std::vector<secrets::ConfiguredStore> stores(2);
  stores[0].store = store;
  stores[0].mappings.push_back({secrets::SecretId::literal(kVersionedId), {Alias("es")}});
  stores[1].store = own;
  stores[1].realm = RealmName("root");
  ASSERT_THAT(async::run_now(world.services->keeper->configure(stores)), is_ok());
  EXPECT_EQ(rotate(R"(,"realm":"root")").text("code"), "rotation_no_active_key");
  EXPECT_EQ(own->count(), 1U);
  EXPECT_EQ(store->count(), 1U);
}

class RotateTest : public AdminApiTest {
 protected:
  static inline const std::string kId = "am.services.oauth2.stateless.signing.ES256";
};

TEST_F(RotateTest, the_old_key_of_all_realms_stays_for_the_longest_life_of_any) {
  put("/admin/realms/root", R"({"access_token":{"lifetime":"PT10M","max_lifetime":"PT10M"}})");
  put("/admin/realms/long", R"({"access_token":{"max_lifetime":"PT12H"}})");
  const auto plan =
      post("/admin/secrets/rotate", R"({"store":"memory","dry_run":true,"id":")" + kId + "\"}")
          .json();
  const auto& policy = world.services->keeper->policy();
  const Instant activation = secrets::activation_at(world.clock->now(), policy);
  EXPECT_EQ(*(*plan.find("plan")->if_array())[2].get("not_before")->if_string(),
            to_rfc3339(activation + std::chrono::hours(12) + policy.clock_skew));
}

TEST_F(RotateTest, a_realm_that_is_not_there_has_no_keys_and_gets_none_by_being_named) {
  put("/admin/realms/root", "{}");
  const std::string in_body = R"({"realm":"rot","store":"memory","id":")" + kId + "\"";
  const std::string in_query = "?realm=rot&id=" + kId;
  EXPECT_EQ(post("/admin/secrets/rotate", in_body + "}").text("code"), "realm_unknown");
  EXPECT_EQ(post("/admin/secrets/plan", in_body + R"(,"step":"activate"})").text("code"),
            "realm_unknown");
  EXPECT_EQ(get("/admin/secrets/plan" + in_query + "&step=activate").text("code"), "realm_unknown");
  EXPECT_EQ(get("/admin/secrets/usage" + in_query).text("code"), "realm_unknown");
  EXPECT_EQ(post("/admin/secrets/compromise", R"({"realm":"rot","kid":"k","id":")" + kId + "\"}")
                .text("code"),
            "key_unknown");
  EXPECT_FALSE(world.services->keeper->rings_now(RealmName("rot")));
  const auto served =
      async::run_now(world.storage->document("global_rings", RealmName("rot"), "used"));
  ASSERT_THAT(served, is_ok());
  EXPECT_FALSE(*served);
}

TEST_F(AdminApiTest, a_rotation_whose_alias_cannot_be_mapped_makes_no_key) {
  put("/admin/realms/root", "{}");
  const std::string body =
      R"({"store":"memory","id":"am.services.oauth2.stateless.signing.ES256","alias":)";
  const auto before = async::run_now(world.store->aliases());
  for (const char* more : {"", R"(,"dry_run":true)"}) {
    const auto refused = post("/admin/secrets/rotate", body + R"("new\nline")" + more + "}");
    EXPECT_EQ(refused.status(), 400);
    EXPECT_EQ(refused.text("code"), "mapping_malformed");
  }
  EXPECT_EQ(*async::run_now(world.store->aliases()), *before);
}

TEST_F(AdminApiTest, a_rotation_behind_the_store_that_serves_is_refused_and_makes_no_key) {
  constexpr const char* kId = "am.services.oauth2.stateless.signing.ES256";
  const auto behind = std::make_shared<secrets::MemoryStore>(StoreName("behind"));
  auto key = crypto::PrivateKey::generate(crypto::KeyKind::kEcP256, 0).value();
  behind->put(Alias("b"), {secrets::Secret::of_key(jose::Jwk::from_private(std::move(key)))});
  std::vector<secrets::ConfiguredStore> stores(2);
  stores[0].store = world.store;
  stores[0].mappings.push_back({secrets::SecretId::literal(kId), {Alias("ec256")}});
  stores[1].store = behind;
  stores[1].mappings.push_back({secrets::SecretId::literal(kId), {Alias("b")}});
  ASSERT_THAT(async::run_now(world.services->keeper->configure(stores)), is_ok());
  put("/admin/realms/root", "{}");
  const std::string body = std::string(R"({"id":")") + kId + R"(","store":")";
  EXPECT_EQ(post("/admin/secrets/rotate", body + "behind\"}").text("code"),
            "rotation_no_active_key");
  EXPECT_EQ(async::run_now(behind->aliases())->size(), 1U);
  EXPECT_EQ(post("/admin/secrets/rotate", body + "memory\"}").status(), 200);
}

TEST_F(AdminApiTest,
       a_rotation_in_a_realm_is_not_behind_a_global_store_of_one_name_with_its_first) {
  constexpr const char* kId = "am.services.oauth2.stateless.signing.ES256";
  const auto first = std::make_shared<secrets::MemoryStore>(StoreName("memory"));
  const auto second = std::make_shared<secrets::MemoryStore>(StoreName("second"));
  auto key = crypto::PrivateKey::generate(crypto::KeyKind::kEcP256, 0).value();
  second->put(Alias("own"), {secrets::Secret::of_key(jose::Jwk::from_private(std::move(key)))});
  std::vector<secrets::ConfiguredStore> stores(3);
  stores[0].store = world.store;
  stores[0].mappings.push_back({secrets::SecretId::literal(kId), {Alias("ec256")}});
  stores[1].store = first;
  stores[1].realm = RealmName("root");
  stores[2].store = second;
  stores[2].realm = RealmName("root");
  stores[2].mappings.push_back({secrets::SecretId::literal(kId), {Alias("own")}});
  ASSERT_THAT(async::run_now(world.services->keeper->configure(stores)), is_ok());
  put("/admin/realms/root", "{}");
  ASSERT_TRUE(async::run_now(world.services->keeper->rings(RealmName("root"))).ok());
  // Given: the realm has no key of its own any more, and goes by the one of the global "memory".
  const std::string body = std::string(R"({"realm":"root","store":"second","id":")") + kId + "\"";
  const auto retired = post("/admin/secrets/retire", body + R"(,"alias":"own","force":true})");
  ASSERT_EQ(retired.status(), 200) << retired.response().body;
  // When
  const auto done = post("/admin/secrets/rotate", body + "}");
  // Then
  EXPECT_EQ(done.status(), 200) << done.response().body;
  EXPECT_EQ(async::run_now(second->aliases())->size(), 2U);
}

}  // namespace
}  // namespace signet::admin
