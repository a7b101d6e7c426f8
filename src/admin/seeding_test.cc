// What a configuration declares, at a first start and at those after it.

#include "admin/seeding.h"

#include "admin/test_resource_servers.h"
#include "resource_servers/inject_policy.h"

namespace signet::admin {
namespace {

using namespace test;
using testing::HasSubstr;
using testing::Not;

class SeedingTest : public ResourceServersTest {
 protected:
  Result<Seeded> start(const std::string& kind, const std::string& id, const std::string& document,
                       const std::string& realm = "root") {
    Seed item;
    item.kind = kind;
    item.realm = RealmName(realm);
    item.id = id;
    item.document = json::parse_object(document).value();
    return async::run_now(seed(*services, std::move(item)));
  }
  Result<Seeded> server(const std::string& name, const std::string& more = "") {
    return start("resource_server", name, R"({"name":")" + name + "\"" + more + "}");
  }
  Result<Seeded> policy(const std::string& name, const std::string& more = "") {
    return start("inject_policy", name,
                 R"({"name":")" + name + R"(","client_id":"gateway")" + more + "}");
  }
  Result<Seeded> client(const std::string& id, const std::string& realm = "root") {
    return start("client", id,
                 R"({"client_id":")" + id + R"(","secret":")" + World::kSecret + "\"}", realm);
  }
  Result<Seeded> realm(const std::string& name) {
    return start("realm", name, R"({"name":")" + name + "\"}", "");
  }
  /// An item that is refused is told, and fails nothing.
  static std::string refusal(const Result<Seeded>& seeded) {
    EXPECT_TRUE(seeded.ok());
    if (!seeded.ok() || seeded->outcome != SeedOutcome::kRefused || !seeded->conflict) return "";
    return seeded->conflict->reason;
  }
  static SeedOutcome outcome(const Result<Seeded>& seeded) {
    EXPECT_TRUE(seeded.ok()) << (seeded.ok() ? "" : seeded.error().detail);
    return seeded.ok() ? seeded->outcome : SeedOutcome::kRefused;
  }

  const std::string policies = "/admin/realms/root/inject-policies/";
  const std::string clients = "/admin/realms/root/clients/";
};

TEST_F(SeedingTest, an_item_is_stored_once_and_what_became_of_it_stays) {
  EXPECT_EQ(outcome(server("orders", R"(,"default":true)")), SeedOutcome::kStored);
  EXPECT_TRUE(is_default("orders"));
  EXPECT_EQ(outcome(server("orders", R"(,"default":true)")), SeedOutcome::kThere);
  ASSERT_EQ(erase(kPath + "/orders").status(), 204);
  EXPECT_EQ(outcome(server("orders", R"(,"default":true)")), SeedOutcome::kGone);
  EXPECT_THAT(names(), Not(testing::Contains("orders")));
  EXPECT_TRUE(is_default("Identity%20Provider"));

  EXPECT_EQ(outcome(client("app")), SeedOutcome::kStored);
  ASSERT_EQ(erase(clients + "app").status(), 204);
  EXPECT_EQ(outcome(client("app")), SeedOutcome::kGone);
  EXPECT_EQ(get(clients + "app").status(), 404);

  EXPECT_EQ(outcome(policy("p")), SeedOutcome::kStored);
  ASSERT_EQ(erase(policies + "p").status(), 204);
  EXPECT_EQ(outcome(policy("p")), SeedOutcome::kGone);
  EXPECT_EQ(get(policies + "p").status(), 404);
}

TEST_F(SeedingTest, what_an_operator_changed_is_not_written_over) {
  ASSERT_EQ(outcome(server("orders", R"(,"uri":"https://orders.example")")), SeedOutcome::kStored);
  ASSERT_EQ(put_server("orders", R"({"uri":"https://other.example"})").status(), 200);
  EXPECT_EQ(outcome(server("orders", R"(,"uri":"https://orders.example")")), SeedOutcome::kThere);
  EXPECT_THAT(stored("resource_server", "orders"), HasSubstr("other.example"));
}

TEST_F(SeedingTest, a_resource_server_that_was_renamed_stands_in_nobodys_way) {
  const std::string more = R"(,"uri":"https://orders.example","scopes":[{"name":"order"}])";
  ASSERT_EQ(outcome(server("orders", more)), SeedOutcome::kStored);
  ASSERT_EQ(put_server("orders", R"({"name":"shop")" + more + "}").status(), 200);
  EXPECT_EQ(outcome(server("orders", more)), SeedOutcome::kGone);
  EXPECT_THAT(names(), testing::Contains("shop"));
  EXPECT_THAT(names(), Not(testing::Contains("orders")));
}

TEST_F(SeedingTest, a_policy_stays_deleted_with_the_scope_that_it_asked_for) {
  ASSERT_EQ(outcome(server("orders", R"(,"scopes":[{"name":"order"}])")), SeedOutcome::kStored);
  ASSERT_EQ(outcome(policy("p", R"(,"scopes":["order"])")), SeedOutcome::kStored);
  ASSERT_EQ(erase(policies + "p").status(), 204);
  ASSERT_EQ(erase(kPath + "/orders").status(), 204);
  EXPECT_EQ(outcome(policy("p", R"(,"scopes":["order"])")), SeedOutcome::kGone);
}

TEST_F(SeedingTest, a_realm_that_was_deleted_does_not_come_back_nor_does_what_was_in_it) {
  ASSERT_EQ(outcome(realm("alpha")), SeedOutcome::kStored);
  ASSERT_EQ(outcome(client("app", "alpha")), SeedOutcome::kStored);
  ASSERT_EQ(erase("/admin/realms/alpha/clients/app").status(), 204);
  ASSERT_EQ(erase("/admin/realms/alpha").status(), 204);
  EXPECT_EQ(outcome(realm("alpha")), SeedOutcome::kGone);
  EXPECT_EQ(outcome(client("app", "alpha")), SeedOutcome::kGone);
  EXPECT_EQ(refusal(client("another", "alpha")), "realm_unknown");
  EXPECT_EQ(get("/admin/realms/alpha").status(), 404);
  // Nor when an operator makes a realm of that name: it is another one.
  ASSERT_EQ(put("/admin/realms/alpha", "{}").status(), 201);
  EXPECT_EQ(outcome(realm("alpha")), SeedOutcome::kThere);
  EXPECT_EQ(outcome(client("app", "alpha")), SeedOutcome::kGone);
  EXPECT_EQ(outcome(client("another", "alpha")), SeedOutcome::kStored);
}

TEST_F(SeedingTest, what_is_there_without_a_memory_counts_as_stored_once) {
  EXPECT_EQ(outcome(client("gateway")), SeedOutcome::kThere);
  EXPECT_EQ(outcome(realm("root")), SeedOutcome::kThere);
  ASSERT_EQ(put_server("orders").status(), 201);
  EXPECT_EQ(outcome(server("orders")), SeedOutcome::kThere);
  ASSERT_EQ(erase(kPath + "/orders").status(), 204);
  EXPECT_EQ(outcome(server("orders")), SeedOutcome::kGone);
  ASSERT_EQ(erase(clients + "gateway").status(), 204);
  EXPECT_EQ(outcome(client("gateway")), SeedOutcome::kGone);
}

TEST_F(SeedingTest, a_new_item_that_stands_against_what_is_stored_is_refused_until_it_fits) {
  const std::string more = R"(,"uri":"https://orders.example","scopes":[{"name":"order"}])";
  ASSERT_EQ(put_server("shop", R"({"name":"shop")" + more + "}").status(), 201);
  EXPECT_EQ(refusal(server("orders", more)), "resource_uri_taken");
  EXPECT_EQ(refusal(server("orders", R"(,"scopes":[{"name":"order"}])")),
            "scope_defined_elsewhere");
  EXPECT_EQ(refusal(policy("p", R"(,"scopes":["nowhere"])")), "scope_undefined");
  EXPECT_EQ(refusal(policy("p", R"(,"resource_server":"orders")")), "resource_server_unknown");
  EXPECT_EQ(refusal(start("inject_policy", "p", R"({"name":"p","client_id":"nobody"})")),
            "client_unknown");
  EXPECT_EQ(stored("seeded_resource_server", "orders") + stored("seeded_inject_policy", "p"), "");
  ASSERT_EQ(erase(kPath + "/shop").status(), 204);
  EXPECT_EQ(outcome(server("orders", more)), SeedOutcome::kStored);
  EXPECT_EQ(outcome(policy("p", R"(,"resource_server":"orders")")), SeedOutcome::kStored);
}

TEST_F(SeedingTest, a_new_item_takes_no_other_default_away) {
  ASSERT_EQ(put_server("chosen", R"({"default":true})").status(), 201);
  const auto seeded = server("orders", R"(,"default":true)");
  ASSERT_EQ(outcome(seeded), SeedOutcome::kStored);
  ASSERT_TRUE(seeded->conflict.has_value());
  EXPECT_TRUE(seeded->conflict->is("resource_server_default_kept"));
  EXPECT_THAT(seeded->conflict->detail, HasSubstr("'chosen'"));
  EXPECT_TRUE(is_default("chosen"));
  EXPECT_FALSE(is_default("orders"));
  EXPECT_EQ(put_server("orders", R"({"default":true})").status(), 200);
  EXPECT_TRUE(is_default("orders")) << "an operator may";
}

TEST_F(SeedingTest, what_is_wrong_in_itself_fails) {
  EXPECT_THAT(server("orders", R"(,"uri":"nowhere")"), signet::test::fails("settings_invalid"));
  EXPECT_THAT(start("client", "app", R"({"client_id":"app"})"),
              signet::test::fails("client_secret_missing"));
  EXPECT_EQ(stored("seeded_client", "app"), "");
}

TEST_F(SeedingTest, of_two_instances_at_once_one_stores_it) {
  for (const std::string more : {"", R"(,"default":true)"}) {
    const std::string name = "orders" + std::to_string(more.size());
    storage->meanwhile = [&] { EXPECT_EQ(outcome(server(name, more)), SeedOutcome::kStored); };
    EXPECT_EQ(outcome(server(name, more)), SeedOutcome::kThere);
  }
  storage->meanwhile = [&] { EXPECT_EQ(outcome(client("app")), SeedOutcome::kStored); };
  EXPECT_EQ(outcome(client("app")), SeedOutcome::kThere);
  storage->meanwhile = [&] { EXPECT_EQ(outcome(policy("p")), SeedOutcome::kStored); };
  EXPECT_EQ(outcome(policy("p")), SeedOutcome::kThere);
  storage->meanwhile = [&] { EXPECT_EQ(outcome(realm("alpha")), SeedOutcome::kStored); };
  EXPECT_EQ(outcome(realm("alpha")), SeedOutcome::kThere);
}

TEST_F(SeedingTest, what_is_deleted_as_soon_as_another_instance_stored_it_stays_deleted) {
  storage->meanwhile = [&] {
    EXPECT_EQ(outcome(server("orders")), SeedOutcome::kStored);
    EXPECT_EQ(erase(kPath + "/orders").status(), 204);
  };
  EXPECT_EQ(outcome(server("orders")), SeedOutcome::kGone);
  ASSERT_EQ(put_server("shop").status(), 201);
  storage->meanwhile = [&] { EXPECT_EQ(erase(kPath + "/shop").status(), 204); };
  EXPECT_EQ(outcome(server("shop")), SeedOutcome::kThere) << "it was, when it was looked at";
  EXPECT_EQ(outcome(server("shop")), SeedOutcome::kGone);
}

}  // namespace
}  // namespace signet::admin
