// A realm that is deleted and what is made in it at the same moment: one of the two wins whole.

#include "admin/operator_change.h"
#include "admin/test_resource_servers.h"
#include "resource_servers/direct_key.h"

namespace signet::admin {
namespace {

using namespace test;

class RealmEraseTest : public ResourceServersTest {
 protected:
  RealmEraseTest() { EXPECT_EQ(put(kAlpha, "{}").status(), 201); }

  FakeExchange put_client() { return put(kAlpha + "/clients/app", R"({"generate_secret":true})"); }
  /// How many documents of any kind are left in the realm.
  std::int64_t left() {
    std::int64_t count = 0;
    for (const std::string_view kind :
         {std::string_view("client"), resource_servers::kKind, resource_servers::kUriKind,
          resource_servers::kScopeKind, resource_servers::kStateKind, resource_servers::kPolicyKind,
          resource_servers::kDirectKeyKind})
      count +=
          async::run_now(storage->count_documents(std::string(kind), RealmName("alpha"))).value();
    return count;
  }
  void erase_meanwhile() {
    storage->meanwhile = [this] { EXPECT_EQ(erase(kAlpha).status(), 204); };
  }
  bool is_there() { return get(kAlpha).status() == 200; }

  static inline const std::string kAlpha = "/admin/realms/alpha";
  const std::string direct = by_its_key(
      jwks(R"("kty":"oct","kid":"d","k":")" + kMaterial + kMaterial.substr(0, 20) + "w\""), "dir");
};

TEST_F(RealmEraseTest, a_resource_server_is_not_made_in_a_realm_that_goes_at_this_moment) {
  erase_meanwhile();
  const auto answer = put(kAlpha + "/resource-servers/RS1",
                          R"({"uri":"https://rs.example","default":true,"scopes":[{"name":"s"}]})");
  EXPECT_EQ(answer.status(), 404) << answer.response().body;
  EXPECT_EQ(answer.text("code"), "realm_unknown");
  EXPECT_EQ(left(), 0);
  ASSERT_EQ(put(kAlpha, "{}").status(), 201);
  erase_meanwhile();
  EXPECT_EQ(put(kAlpha + "/resource-servers/RS1", direct).text("code"), "realm_unknown");
  EXPECT_EQ(left(), 0);
}

TEST_F(RealmEraseTest, nor_is_anything_said_about_its_identity_provider) {
  erase_meanwhile();
  EXPECT_EQ(put(kAlpha + "/resource-servers/Identity%20Provider",
                R"({"uri":"https://idp.example","scopes":[{"name":"s"}]})")
                .text("code"),
            "realm_unknown");
  EXPECT_EQ(left(), 0);
}

TEST_F(RealmEraseTest, nor_is_a_client_made_there) {
  erase_meanwhile();
  const auto answer = put_client();
  EXPECT_EQ(answer.status(), 404) << answer.response().body;
  EXPECT_EQ(answer.text("code"), "realm_unknown");
  EXPECT_EQ(left(), 0);
}

TEST_F(RealmEraseTest, nor_is_an_inject_policy) {
  ASSERT_EQ(put_client().status(), 201);
  storage->meanwhile = [this] {
    EXPECT_EQ(erase(kAlpha + "/clients/app").status(), 204);
    EXPECT_EQ(erase(kAlpha).status(), 204);
  };
  EXPECT_EQ(put(kAlpha + "/inject-policies/p", R"({"client_id":"app"})").text("code"),
            "realm_unknown");
  EXPECT_EQ(left(), 0);
}

TEST_F(RealmEraseTest, a_realm_stays_with_what_was_made_in_it_at_this_moment) {
  storage->meanwhile = [this] {
    EXPECT_EQ(put(kAlpha + "/resource-servers/RS1", "{}").status(), 201);
  };
  EXPECT_EQ(erase(kAlpha).text("code"), "realm_not_empty");
  EXPECT_TRUE(is_there());
  EXPECT_EQ(erase(kAlpha + "/resource-servers/RS1").status(), 204);

  storage->meanwhile = [this] { EXPECT_EQ(put_client().status(), 201); };
  EXPECT_EQ(erase(kAlpha).text("code"), "realm_not_empty");
  EXPECT_TRUE(is_there());

  storage->meanwhile = [this] {
    EXPECT_EQ(put(kAlpha + "/inject-policies/p", R"({"client_id":"app"})").status(), 201);
  };
  EXPECT_EQ(erase(kAlpha + "/clients/app").text("code"), "client_in_use");
  EXPECT_EQ(erase(kAlpha + "/inject-policies/p").status(), 204);
  EXPECT_EQ(erase(kAlpha + "/clients/app").status(), 204);
  EXPECT_EQ(erase(kAlpha).status(), 204);
  EXPECT_EQ(left(), 0);
}

TEST_F(RealmEraseTest, what_was_said_about_identity_provider_meanwhile_goes_with_the_realm) {
  storage->meanwhile = [this] {
    EXPECT_EQ(put(kAlpha + "/resource-servers/Identity%20Provider",
                  R"({"uri":"https://idp.example","scopes":[{"name":"s"}]})")
                  .status(),
              200);
  };
  EXPECT_EQ(erase(kAlpha).status(), 204);
  EXPECT_FALSE(is_there());
  EXPECT_EQ(left(), 0);
}

TEST_F(RealmEraseTest, a_key_that_was_kept_for_a_token_meanwhile_goes_with_the_realm) {
  storage->meanwhile = [this] {
    world.put(std::string(resource_servers::kDirectKeyKind), "alpha", "d\nRS1\nx", "{}");
  };
  EXPECT_EQ(erase(kAlpha).status(), 204);
  EXPECT_EQ(left(), 0);
}

TEST_F(RealmEraseTest, a_realm_that_was_changed_meanwhile_goes_unless_another_one_was_asked_for) {
  const auto change = [this] { EXPECT_EQ(put(kAlpha, R"({"enabled":false})").status(), 200); };
  storage->meanwhile = change;
  EXPECT_EQ(call(http::Method::kDelete, kAlpha, "", {{"If-Match", "\"1\""}}).status(), 412);
  EXPECT_TRUE(is_there());
  storage->meanwhile = change;
  EXPECT_EQ(erase(kAlpha).status(), 204);
  EXPECT_FALSE(is_there());
}

TEST_F(RealmEraseTest, a_realm_that_others_change_every_time_is_busy) {
  int turn = 0;
  std::function<void()> always = [&] {
    if (++turn > 2 * kMostTries) return;
    put(kAlpha, turn % 2 == 1 ? R"({"enabled":false})" : R"({"enabled":true})");
    storage->meanwhile = always;
  };
  storage->meanwhile = always;
  const auto answer = erase(kAlpha);
  EXPECT_EQ(answer.status(), 409) << answer.response().body;
  EXPECT_EQ(answer.text("code"), "realm_busy");
  EXPECT_TRUE(is_there());
}

}  // namespace
}  // namespace signet::admin
