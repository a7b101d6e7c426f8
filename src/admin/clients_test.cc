// Clients: their secrets, their IDs in paths, and PUT while others change them.

#include "admin/test_resource_servers.h"
#include "base/base64.h"
#include "base/json_members.h"
#include "oauth/client_secret.h"

namespace signet::admin {
namespace {

using test::AdminApiTest;
using test::FakeExchange;
using testing::HasSubstr;

TEST_F(AdminApiTest, a_client_whose_id_no_path_can_hold_is_written_in_base64url) {
  put("/admin/realms/root", "{}");
  const std::string id = "https://app.example/x;y%z";
  const std::string path = "/admin/realms/root/clients/~" + base64::url_encode(as_bytes(id));
  const auto created = put(path, R"({"generate_secret":true})");
  EXPECT_EQ(created.status(), 201);
  EXPECT_EQ(get(path).json().find("client")->get("client_id")->if_string()->c_str(), id);
  EXPECT_EQ(put(path, R"({"client_id":"another"})").text("code"), "name_mismatch");
  EXPECT_EQ(call(http::Method::kDelete, path).status(), 204);
  EXPECT_EQ(get(path).text("code"), "client_unknown");
  for (const char* malformed : {"~", "~a", "~YQ=="})
    EXPECT_EQ(get("/admin/realms/root/clients/" + std::string(malformed)).text("code"),
              "client_id_malformed");
}

TEST_F(AdminApiTest, a_made_secret_is_shown_once_and_works) {
  put("/admin/realms/root", "{}");
  const auto created = put("/admin/realms/root/clients/c", R"({"generate_secret":true})");
  EXPECT_EQ(created.status(), 201);
  const std::string secret = created.text("secret");
  EXPECT_EQ(secret.size(), 43U);
  const auto shown = get("/admin/realms/root/clients/c");
  EXPECT_EQ(json::dump(shown.json()).find(secret), std::string::npos);
  EXPECT_EQ(json::dump(shown.json()).find("stored_secret"), std::string::npos);
  EXPECT_EQ(
      world.post("/oauth2/access_token", "grant_type=client_credentials", "c", secret).status(),
      200);
  // A change without a secret keeps it.
  EXPECT_EQ(put("/admin/realms/root/clients/c", R"({"name":"renamed"})").status(), 200);
  EXPECT_EQ(
      world.post("/oauth2/access_token", "grant_type=client_credentials", "c", secret).status(),
      200);
}

TEST_F(AdminApiTest, a_short_secret_is_hashed_slowly_and_works) {
  put("/admin/realms/root", "{}");
  EXPECT_EQ(put("/admin/realms/root/clients/c", R"({"secret":"correct horse"})").status(), 201);
  EXPECT_EQ(
      world.post("/oauth2/access_token", "grant_type=client_credentials", "c", "correct+horse")
          .status(),
      200);
  EXPECT_EQ(
      world.post("/oauth2/access_token", "grant_type=client_credentials", "c", "correct+house")
          .status(),
      401);
  EXPECT_EQ(put("/admin/realms/root/clients/d", R"({"secret":"short"})").text("code"),
            "client_secret_length");
  EXPECT_EQ(put("/admin/realms/root/clients/c", R"({"generate_secret":"true"})").text("code"),
            "settings_invalid");
  EXPECT_EQ(put("/admin/realms/root/clients/d", "{}").text("code"), "client_secret_missing");
  EXPECT_EQ(put("/admin/realms/root/clients/d", R"({"stored_secret":"sha256$a$b"})").text("code"),
            "settings_invalid");
}

TEST_F(AdminApiTest, client_secret_jwt_keeps_the_value_sealed) {
  put("/admin/realms/root", "{}");
  const std::string secret(40, 's');
  EXPECT_EQ(put("/admin/realms/root/clients/j",
                R"({"token_endpoint_auth_method":"client_secret_jwt","secret":")" + secret + "\"}")
                .status(),
            201);
  EXPECT_EQ(put("/admin/realms/root/clients/k",
                R"({"token_endpoint_auth_method":"client_secret_jwt","secret":"short but long"})")
                .text("code"),
            "client_secret_length");
}

class StoredSecretTest : public AdminApiTest {
 protected:
  StoredSecretTest() { put("/admin/realms/root", "{}"); }

  FakeExchange change(const std::string& method, const std::string& more = "") {
    return put("/admin/realms/root/clients/c",
               R"({"token_endpoint_auth_method":")" + method + "\"" + more + "}");
  }
  std::string stored() {
    const auto found = async::run_now(world.storage->document("client", RealmName("root"), "c"));
    return json::text_in(*json::parse_object((*found)->text), "stored_secret");
  }
  oauth::SecretForm form() { return oauth::form_of(stored()); }
  static std::string public_keys() {
    const auto key = crypto::PrivateKey::generate(crypto::KeyKind::kEcP256);
    json::Object set;
    set.set("keys", json::Array{*jose::Jwk::from_public(key->public_key()).public_json()});
    return R"(,"jwks":)" + json::dump(set);
  }

  const std::string secret = std::string(40, 's');
  const std::string given = R"(,"secret":")" + secret + "\"";
};

TEST_F(StoredSecretTest, sec_045_it_cannot_be_opened_any_more_once_its_method_does_not_need_that) {
  ASSERT_EQ(change("client_secret_jwt", given).status(), 201);
  const std::string sealed = stored();
  EXPECT_EQ(form(), oauth::SecretForm::kSealed);
  EXPECT_EQ(change("client_secret_jwt", R"(,"name":"renamed")").status(), 200);
  EXPECT_EQ(stored(), sealed);
  EXPECT_EQ(change("client_secret_basic").status(), 200);
  EXPECT_EQ(form(), oauth::SecretForm::kFast);
  EXPECT_EQ(
      world.post("/oauth2/access_token", "grant_type=client_credentials", "c", secret).status(),
      200);
  const std::string hashed = stored();
  EXPECT_EQ(change("client_secret_jwt").text("code"), "client_secret_missing");
  EXPECT_EQ(change("client_secret_post").status(), 200);
  EXPECT_EQ(stored(), hashed) << "a hash serves both";
  const auto without = change("private_key_jwt", public_keys());
  EXPECT_EQ(without.status(), 200) << without.response().body;
  EXPECT_EQ(stored(), "");
  EXPECT_EQ(change("client_secret_basic").text("code"), "client_secret_missing")
      << "it does not come back";
}

TEST_F(StoredSecretTest, sec_045_it_goes_where_no_method_needs_it) {
  for (const auto& [method, more] :
       {std::pair<std::string, std::string>("private_key_jwt", public_keys()),
        std::pair<std::string, std::string>("none", R"(,"grant_types":[])")}) {
    EXPECT_LT(change("client_secret_jwt", given).status(), 300);
    EXPECT_EQ(form(), oauth::SecretForm::kSealed);
    const auto changed = change(method, more);
    EXPECT_EQ(changed.status(), 200) << changed.response().body;
    EXPECT_EQ(stored(), "") << method;
  }
}

TEST_F(StoredSecretTest, one_that_no_method_would_use_is_refused_and_not_stored) {
  for (const auto& [method, more] :
       {std::pair<std::string, std::string>("private_key_jwt", public_keys()),
        std::pair<std::string, std::string>("none", R"(,"grant_types":[])")}) {
    for (const std::string& secret_of_some_kind :
         {given, std::string(R"(,"generate_secret":true)")}) {
      const auto refused = change(method, more + secret_of_some_kind);
      EXPECT_EQ(refused.text("code"), "client_contradiction") << refused.response().body;
      EXPECT_EQ(get("/admin/realms/root/clients/c").status(), 404);
    }
    const auto stored = change(method, more + R"(,"generate_secret":false)");
    EXPECT_EQ(stored.status(), 201) << stored.response().body;
    const auto shown = get("/admin/realms/root/clients/c").json();
    EXPECT_EQ(*shown.find("client")->get("has_secret")->if_bool(), false);
    EXPECT_EQ(call(http::Method::kDelete, "/admin/realms/root/clients/c").status(), 204);
  }
}

TEST_F(StoredSecretTest, one_whose_sealing_key_is_lost_can_be_replaced_or_dropped) {
  ASSERT_EQ(change("client_secret_jwt", given).status(), 201);
  world.services->unseal = [](std::string_view) -> Result<SecretBytes> {
    return Error{Code::kConfig, "encoding_key_unknown", "the key is lost"};
  };
  EXPECT_EQ(change("client_secret_basic").text("code"), "encoding_key_unknown");
  EXPECT_EQ(form(), oauth::SecretForm::kSealed) << "and nothing changed";
  EXPECT_EQ(change("client_secret_basic", given).status(), 200);
  EXPECT_EQ(form(), oauth::SecretForm::kFast);
  ASSERT_EQ(change("client_secret_jwt", given).text("code"), "encoding_key_unknown")
      << "it is looked at as it will be used";
  EXPECT_EQ(change("private_key_jwt", public_keys()).status(), 200);
  EXPECT_EQ(stored(), "");
}

TEST_F(AdminApiTest, a_secret_is_as_long_as_the_algorithm_of_the_assertions_needs) {
  put("/admin/realms/root", "{}");
  const std::string path = "/admin/realms/root/clients/j";
  const std::string method = R"({"token_endpoint_auth_method":"client_secret_jwt")";
  const std::string hs512 = method + R"(,"token_endpoint_auth_signing_alg":"HS512")";
  EXPECT_EQ(put(path, hs512 + R"(,"secret":")" + std::string(40, 's') + "\"}").text("code"),
            "client_secret_length");
  const auto made = put(path, hs512 + R"(,"generate_secret":true})");
  EXPECT_EQ(made.status(), 201);
  EXPECT_EQ(made.text("secret").size(), 64U);
  // A secret that is kept must fit too.
  ASSERT_EQ(put(path, method + R"(,"secret":")" + std::string(40, 's') + "\"}").status(), 200);
  EXPECT_EQ(put(path, hs512 + "}").text("code"), "client_secret_length");
  EXPECT_EQ(put(path, method + "}").status(), 200);
}

TEST_F(AdminApiTest, a_client_that_lists_a_scope_that_nobody_defines_is_told_so) {
  put("/admin/realms/root", R"({"scopes":["read"]})");
  const std::string path = "/admin/realms/root/clients/c";
  const auto warnings = [&](const std::string& more) {
    return json::dump(
        *put(path, R"({"generate_secret":true)" + more + "}").json().find("warnings"));
  };
  EXPECT_EQ(warnings(R"(,"scopes":["read"],"default_scopes":["read"])"), "[]");
  const std::string of_list = warnings(R"(,"scopes":["read","orders.read"])");
  EXPECT_THAT(of_list, HasSubstr("the scope 'orders.read' is defined nowhere"));
  EXPECT_THAT(of_list, testing::Not(HasSubstr("'read'")));
  EXPECT_THAT(warnings(R"(,"default_scopes":["write"])"), HasSubstr("'write'"));
  world.put("scope", "root", "orders.read", R"({"resource_server":"a","name":"orders.read"})");
  EXPECT_EQ(warnings(R"(,"scopes":["read","orders.read"])"), "[]");
}

TEST_F(AdminApiTest, a_deleted_client_is_nobody_at_once) {
  put("/admin/realms/root", "{}");
  const std::string secret =
      put("/admin/realms/root/clients/c", R"({"generate_secret":true})").text("secret");
  EXPECT_EQ(
      world.post("/oauth2/access_token", "grant_type=client_credentials", "c", secret).status(),
      200);
  EXPECT_EQ(call(http::Method::kDelete, "/admin/realms/root/clients/c").status(), 204);
  EXPECT_EQ(
      world.post("/oauth2/access_token", "grant_type=client_credentials", "c", secret).status(),
      401);
}

const std::string kGateway = "/admin/realms/root/clients/gateway";

class ClientPutTest : public test::ResourceServersTest {
 protected:
  int token_status(const std::string& secret) {
    return world.post("/oauth2/access_token", "grant_type=client_credentials", "gateway", secret)
        .status();
  }
  FakeExchange put_if(const char* header, const std::string& value) {
    return put(kGateway, R"({"name":"renamed"})", {{header, value}});
  }
};

TEST_F(ClientPutTest, a_secret_that_another_operator_sets_meanwhile_stays) {
  std::string made;
  storage->meanwhile = [&] { made = put(kGateway, R"({"generate_secret":true})").text("secret"); };
  EXPECT_EQ(put(kGateway, R"({"name":"renamed"})").status(), 200);
  ASSERT_NE(made, "");
  EXPECT_EQ(token_status(made), 200);
  EXPECT_EQ(token_status(world.kSecret), 401) << "the old one does not come back";
  EXPECT_EQ(*get(kGateway).json().find("client")->get("name")->if_string(), "renamed");
}

TEST_F(ClientPutTest, who_names_a_revision_is_told_that_somebody_was_faster) {
  const std::string revision =
      json::dump(*get(kGateway).json().find("revision"));  // a number, as its text
  storage->meanwhile = [this] { world.client("gateway"); };
  const auto late = put_if("If-Match", revision);
  EXPECT_EQ(late.status(), 412);
  EXPECT_EQ(late.text("code"), "revision_conflict");
}

TEST_F(ClientPutTest, a_client_that_changes_every_time_says_so) {
  std::function<void()> again = [&] {
    world.client("gateway");
    storage->meanwhile = again;
  };
  storage->meanwhile = again;
  EXPECT_EQ(put(kGateway, R"({"name":"renamed"})").text("code"), "client_busy");
  storage->meanwhile = nullptr;
  EXPECT_EQ(put(kGateway, R"({"name":"renamed"})").status(), 200);
}

}  // namespace
}  // namespace signet::admin
