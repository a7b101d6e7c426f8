#include "admin/test_admin.h"
#include "base/base64.h"
#include "base/json_members.h"
#include "crypto/digest.h"
#include "oauth/endpoints/key_set_test_support.h"

namespace signet::admin {
namespace {

using signet::test::is_ok;
using test::AdminApiTest;

TEST_F(AdminApiTest, sec_207_nothing_under_admin_without_the_token) {
  for (const char* path :
       {"/admin/realms", "/admin/health", "/admin/nonsense", "/admin/realms/root/secrets"}) {
    for (const char* token : {"", "wrong", "admin-token2"}) {
      const auto answer = call(http::Method::kGet, path, "", {}, token);
      EXPECT_EQ(answer.status(), 401) << path;
      EXPECT_EQ(answer.text("code"), "admin_token_wrong");
    }
  }
  EXPECT_EQ(call(http::Method::kGet, "/health/live", "", {}, "").status(), 200);
  EXPECT_EQ(call(http::Method::kGet, "/health/ready", "", {}, "").status(), 200);
  EXPECT_EQ(call(http::Method::kGet, "/metrics", "", {}, "").status(), 200);
}

TEST_F(AdminApiTest, sec_142_health_says_when_a_key_set_serves_past_its_age) {
  oauth::test::CacheWorld publisher;
  world.services->key_sets = publisher.cache;
  publisher.publish({"a"});
  ASSERT_THAT(publisher.load(), is_ok());
  const auto checks = [&] { return json::dump(get("/admin/health").json()); };
  EXPECT_THAT(checks(), testing::HasSubstr(R"({"name":"key_sets","ok":true)"));
  EXPECT_THAT(checks(), testing::HasSubstr(R"("key_sets":[])"));
  publisher.fail();
  publisher.clock->advance(Seconds(299));
  publisher.now();
  // It failed, but what is served is within its age.
  EXPECT_THAT(checks(), testing::HasSubstr(R"({"name":"key_sets","ok":true)"));
  EXPECT_THAT(checks(), testing::HasSubstr(R"("state":"fresh")"));
  publisher.clock->advance(Seconds(60));
  publisher.now();
  EXPECT_THAT(checks(), testing::HasSubstr(R"({"name":"key_sets","ok":false)"));
  EXPECT_THAT(checks(),
              testing::HasSubstr(R"("url":"https://rs.example/keys","state":"last_good")"));
  EXPECT_EQ(get("/admin/health").text("status"), "degraded");
  publisher.clock->advance(Seconds(2 * 86400));
  publisher.now();
  EXPECT_THAT(publisher.load(), signet::test::fails("key_set_status"));
  EXPECT_THAT(checks(), testing::HasSubstr(R"("state":"out")"));
  EXPECT_THAT(checks(), testing::HasSubstr(R"("reason":"key_set_status")"));
  // Nobody asks for it any more.
  publisher.clock->advance(Seconds(3600));
  EXPECT_THAT(checks(), testing::HasSubstr(R"({"name":"key_sets","ok":true)"));
}

TEST_F(AdminApiTest, health_shows_a_secret_that_requests_needed_and_nobody_holds) {
  const auto checks = [&] { return json::dump(get("/admin/health").json()); };
  EXPECT_THAT(checks(), testing::HasSubstr(R"({"name":"needed_secrets","ok":true)"));
  put("/admin/realms/root", R"({"scopes":["read"]})");
  world.client("a", R"(,"access_token":{"signing_algorithm":"ES512"})");
  EXPECT_EQ(world.post("/oauth2/access_token", "grant_type=client_credentials", "a").status(), 500);
  EXPECT_THAT(checks(),
              testing::HasSubstr(R"({"name":"needed_secrets","ok":false,"detail":")"
                                 R"(am.services.oauth2.stateless.signing.ES512 in realm root: )"));
  EXPECT_EQ(get("/admin/health").text("status"), "degraded");
  world.clock->advance(Seconds(3601));
  EXPECT_THAT(checks(), testing::HasSubstr(R"({"name":"needed_secrets","ok":true)"));
}

TEST_F(AdminApiTest, health_shows_an_id_of_which_only_public_halves_are_left) {
  const auto checks = [&] { return json::dump(get("/admin/health").json()); };
  put("/admin/realms/root", R"({"scopes":["read"]})");
  world.client("a", R"(,"access_token":{"signing_algorithm":"ES256"})");
  EXPECT_FALSE(world.issue("a").empty());
  world.store->erase(Alias("ec256"));
  ASSERT_THAT(async::run_now(world.keeper->refresh()), is_ok());
  EXPECT_EQ(world.post("/oauth2/access_token", "grant_type=client_credentials", "a").status(), 500);
  EXPECT_THAT(checks(),
              testing::HasSubstr(R"({"name":"needed_secrets","ok":false,"detail":")"
                                 R"(am.services.oauth2.stateless.signing.ES256 in realm root: )"));
  EXPECT_THAT(json::dump(get("/admin/realms/root/secrets").json()),
              testing::ContainsRegex(R"("lost":\["[^"]+"\])"));
}

TEST_F(AdminApiTest, f15_health_shows_for_an_hour_that_somebody_set_the_clock) {
  const auto checks = [&] { return json::dump(get("/admin/health").json()); };
  EXPECT_THAT(checks(), testing::HasSubstr(R"({"name":"clock","ok":true)"));
  world.clock->set(world.clock->now() - Seconds(600));
  ASSERT_THAT(async::run_now(world.keeper->refresh()), is_ok());
  EXPECT_THAT(checks(), testing::HasSubstr(R"({"name":"clock","ok":false,"detail":)"
                                           R"("it was set by -600 seconds at )"));
  world.clock->advance(Seconds(3600));
  EXPECT_THAT(checks(), testing::HasSubstr(R"({"name":"clock","ok":true)"));
}

TEST_F(AdminApiTest, a_realm_is_created_changed_guarded_and_deleted) {
  EXPECT_EQ(get("/admin/realms/alpha").status(), 404);
  const auto created = put("/admin/realms/alpha", R"({"enabled":true})", {{"If-None-Match", "*"}});
  EXPECT_EQ(created.status(), 201);
  const auto revision = created.json().find("revision")->if_int();
  ASSERT_TRUE(revision);
  EXPECT_EQ(put("/admin/realms/alpha", "{}", {{"If-None-Match", "*"}}).status(), 412);
  EXPECT_EQ(
      put("/admin/realms/alpha", "{}", {{"If-Match", "\"" + std::to_string(*revision + 7) + "\""}})
          .status(),
      412);
  EXPECT_EQ(put("/admin/realms/alpha", R"({"scopes":["a"]})",
                {{"If-Match", "\"" + std::to_string(*revision) + "\""}})
                .status(),
            200);
  EXPECT_EQ(put("/admin/realms/alpha", R"({"name":"beta"})").text("code"), "name_mismatch");
  EXPECT_EQ(put("/admin/realms/alpha", R"({"lifetme":1})").text("code"), "settings_invalid");
  EXPECT_EQ(put("/admin/realms/alpha", "nonsense").text("code"), "json_malformed");
  EXPECT_EQ(get("/admin/realms").json().find("realms")->if_array()->size(), 1U);
  EXPECT_EQ(call(http::Method::kDelete, "/admin/realms/alpha").status(), 204);
  EXPECT_EQ(get("/admin/realms/alpha").status(), 404);
  EXPECT_EQ(call(http::Method::kDelete, "/admin/realms/alpha").status(), 404);
}

TEST_F(AdminApiTest, a_guard_that_is_not_understood_is_not_taken_for_none) {
  const auto revision = put("/admin/realms/alpha", "{}").json().find("revision")->if_int();
  for (const char* guard : {"", " ", "\"\"", "*", "W/\"1\"", "\"1\",\"2\"", "one", "\"-1\""})
    EXPECT_EQ(put("/admin/realms/alpha", "{}", {{"If-Match", guard}}).text("code"),
              "if_match_malformed")
        << guard;
  for (const char* guard : {"", "\"1\"", "W/*"})
    EXPECT_EQ(put("/admin/realms/alpha", "{}", {{"If-None-Match", guard}}).text("code"),
              "if_match_malformed")
        << guard;
  EXPECT_EQ(get("/admin/realms/alpha").json().find("revision")->if_int(), revision);
  EXPECT_EQ(put("/admin/realms/alpha", "{}", {{"If-Match", std::to_string(*revision)}}).status(),
            200);
}

TEST_F(AdminApiTest, a_realm_with_clients_is_not_deleted) {
  put("/admin/realms/alpha", "{}");
  put("/admin/realms/alpha/clients/c", R"({"generate_secret":true})");
  EXPECT_EQ(call(http::Method::kDelete, "/admin/realms/alpha").text("code"), "realm_not_empty");
}

TEST_F(AdminApiTest, the_root_realm_always_stays) {
  put("/admin/realms/root", "{}");
  EXPECT_EQ(call(http::Method::kDelete, "/admin/realms/root").text("code"), "realm_is_root");
  EXPECT_EQ(get("/admin/realms/root").status(), 200);
}

TEST_F(AdminApiTest, a_question_that_is_not_understood_is_not_answered_as_another) {
  put("/admin/realms/root", "{}");
  for (const char* query : {"?limit=all", "?limit=-1", "?limit=", "?limit=1&limit=2", "?after=%zz"})
    EXPECT_EQ(get("/admin/realms" + std::string(query)).text("code"), "query_malformed") << query;
  EXPECT_EQ(get("/admin/audit?after=yesterday").text("code"), "query_malformed");
  EXPECT_EQ(get("/admin/audit?after=0&limit=5000").status(), 200);
}

TEST_F(AdminApiTest, a_realm_that_is_not_there_is_told_wherever_one_is_named) {
  put("/admin/realms/root", "{}");
  const std::string id = "am.services.oauth2.stateless.signing.RSA";
  for (const char* path : {"", "/clients", "/resource-servers", "/inject-policies", "/secrets"})
    EXPECT_EQ(get("/admin/realms/nowhere" + std::string(path)).text("code"), "realm_unknown")
        << path;
  EXPECT_EQ(get("/admin/secrets/usage?realm=nowhere&id=" + id).text("code"), "realm_unknown");
  EXPECT_EQ(get("/admin/secrets/plan?step=retire&realm=nowhere&id=" + id).text("code"),
            "realm_unknown");
  EXPECT_EQ(post("/admin/secrets/compromise", R"({"realm":"nowhere","kid":"k","id":")" + id + "\"}")
                .text("code"),
            "key_unknown")
      << "keys of a realm that was deleted can be told as well";
  EXPECT_EQ(get("/admin/secrets/usage?id=" + id).status(), 200);
  EXPECT_EQ(get("/admin/secrets/usage?realm=root&id=" + id).status(), 200);
}

TEST_F(AdminApiTest, a_nested_realm_is_written_with_a_tilde) {
  EXPECT_EQ(put("/admin/realms/a~b", R"({"name":"a/b"})").status(), 201);
  EXPECT_EQ(get("/admin/realms/a~b").status(), 200);
}

TEST_F(AdminApiTest, sec_126_no_list_shows_a_private_part) {
  put("/admin/realms/root", "{}");
  for (const char* path :
       {"/admin/realms/root/secrets", "/admin/stores", "/admin/health", "/admin/audit"}) {
    const std::string text = json::dump(get(path).json());
    for (const char* member : {"\"d\":", "\"p\":", "\"q\":", "\"k\":", "PRIVATE"})
      EXPECT_EQ(text.find(member), std::string::npos) << path;
  }
}

TEST_F(AdminApiTest, the_list_of_stores_says_what_a_probe_finds) {
  const auto found = [&] {
    const auto answer = get("/admin/stores").json();
    return json::text_in(*(*answer.find("stores")->if_array())[0].if_object(), "probe");
  };
  EXPECT_EQ(found(), "");
  world.store->fail_with(Error{Code::kConfig, "store_mount_wrong", "it is another engine"});
  EXPECT_EQ(found(), "store_mount_wrong: it is another engine");
}

TEST_F(AdminApiTest, the_steps_of_a_rotation_are_refused_when_too_early_and_done_in_time) {
  put("/admin/realms/root", R"({"scopes":["read"]})");
  world.client("c1");
  const std::string id = "am.services.oauth2.stateless.signing.RSA";
  const std::string step = R"("store":"memory","id":")" + id + "\"";
  add_rsa_key();
  const std::string before = world.issue("c1");

  EXPECT_EQ(
      post("/admin/secrets/publish", "{" + step + R"(,"alias":"rsa2","dry_run":true})").status(),
      200);
  EXPECT_EQ(
      post("/admin/secrets/publish", "{" + step + R"(,"alias":"none","dry_run":true})").status(),
      404);
  EXPECT_EQ(post("/admin/secrets/publish", "{" + step + R"(,"alias":"rsa2"})").status(), 200)
      << "it was only tried before";
  const auto early = post("/admin/secrets/activate", "{" + step + R"(,"alias":"rsa2"})");
  EXPECT_EQ(early.status(), 409);
  EXPECT_EQ(early.text("code"), "activation_too_early");
  world.clock->advance(Seconds(600));
  EXPECT_EQ(post("/admin/secrets/activate", "{" + step + R"(,"alias":"rsa2"})").status(), 200);
  const std::string after = world.issue("c1");
  EXPECT_NE(jose::parse_compact_header(before)->kid, jose::parse_compact_header(after)->kid);
  EXPECT_EQ(post("/admin/secrets/retire", "{" + step + R"(,"alias":"rsa"})").text("code"),
            "retirement_too_early");
  EXPECT_EQ(post("/admin/secrets/retire", "{" + step + R"(,"alias":"nonsense"})").status() / 100,
            4);
  world.clock->advance(Seconds(4000));
  EXPECT_EQ(post("/admin/secrets/retire", "{" + step + R"(,"alias":"rsa"})").status(), 200);
  const auto events = json::dump(get("/admin/audit?limit=100").json());
  for (const char* event : {"key.published", "key.activated", "key.deactivated", "key.retired"})
    EXPECT_NE(events.find(event), std::string::npos) << event;
}

TEST_F(AdminApiTest, sec_083_no_token_of_a_client_opens_administration) {
  put("/admin/realms/root", R"({"scopes":["read"]})");
  for (const char* format : {"jwt", "encrypted_jwt", "opaque"}) {
    world.client("c", std::string(R"(,"access_token":{"format":")") + format + "\"}");
    const std::string token = world.issue("c");
    ASSERT_FALSE(token.empty());
    EXPECT_EQ(call(http::Method::kGet, "/admin/realms", "", {}, token).status(), 401) << format;
  }
}

TEST_F(AdminApiTest, sec_207_sec_062_the_token_counts_in_its_header_alone) {
  for (const char* path :
       {"/admin/realms?access_token=admin-token", "/admin/realms?token=admin-token"})
    EXPECT_EQ(call(http::Method::kGet, path, "", {}, "").status(), 401) << path;
  for (const char* header : {"bearer", "Basic admin-token", "Bearer", "Bearer  ",
                             "Bearer admin-token, Bearer admin-token", "admin-token"}) {
    EXPECT_EQ(
        call(http::Method::kGet, "/admin/realms", "", {{"Authorization", header}}, "").status(),
        401)
        << header;
  }
  EXPECT_EQ(call(http::Method::kPost, "/admin/secrets/activate", "access_token=admin-token", {}, "")
                .status(),
            401);
  // Whatever the token is, none is none.
  services->token_hash = crypto::digest(crypto::Hash::kSha256, {});
  for (const char* header : {"Bearer", "Bearer "})
    EXPECT_EQ(
        call(http::Method::kGet, "/admin/realms", "", {{"Authorization", header}}, "").status(),
        401);
}

TEST_F(AdminApiTest, sec_126_no_door_of_any_kind_shows_a_private_part) {
  put("/admin/realms/root", "{}");
  put("/admin/realms/root/clients/c", R"({"generate_secret":true})");
  world.client("c1");
  std::vector<std::string> texts;
  for (const char* path :
       {"/admin/realms", "/admin/realms/root", "/admin/realms/root/clients",
        "/admin/realms/root/clients/c", "/admin/realms/root/secrets", "/admin/secrets/mappings",
        "/admin/stores", "/admin/health", "/admin/audit", "/metrics"})
    texts.push_back(get(path).response().body);
  texts.push_back(post("/admin/secrets/rotate",
                       R"({"store":"memory","id":"am.services.oauth2.stateless.signing.ES256"})")
                      .response()
                      .body);
  for (const char* path : {"/oauth2/connect/jwk_uri", "/oauth2/.well-known/openid-configuration"})
    texts.push_back(world.get(path).response().body);
  // Whatever the members are called: the numbers themselves are looked for.
  std::vector<std::string> numbers;
  for (const char* alias : {"rsa", "ec256", "ed", "hmac", "aes"}) {
    const auto secrets = async::run_now(world.store->fetch(Alias(alias)));
    const auto members = secrets->front().key->jwk().private_json();
    for (const char* member : {"d", "p", "q", "dp", "dq", "qi", "k"})
      if (const json::Value* value = members.find(member)) numbers.push_back(*value->if_string());
  }
  ASSERT_GE(numbers.size(), 10U);
  for (const auto& text : texts) {
    ASSERT_FALSE(text.empty());
    for (const auto& number : numbers)
      EXPECT_EQ(text.find(number), std::string::npos) << text;
    for (const char* member : {"\"d\":", "\"p\":", "\"q\":", "\"k\":", "PRIVATE"})
      EXPECT_EQ(text.find(member), std::string::npos) << text;
  }
}

TEST_F(AdminApiTest, sec_132_a_stolen_key_is_out_within_two_calls) {
  put("/admin/realms/root", R"({"scopes":["read"]})");
  world.client("c1");
  world.client("o", R"(,"access_token":{"format":"opaque"})");
  const std::string step =
      R"("store":"memory","id":"am.services.oauth2.stateless.signing.RSA","force":true)";
  add_rsa_key();
  const std::string stolen = world.issue("c1"), opaque = world.issue("o");
  const std::string kid = jose::parse_compact_header(stolen)->kid;
  post("/admin/secrets/publish", "{" + step + R"(,"alias":"rsa2"})");
  EXPECT_EQ(post("/admin/secrets/activate", "{" + step + R"(,"alias":"rsa2"})").status(), 200);
  EXPECT_EQ(post("/admin/secrets/retire", "{" + step + R"(,"alias":"rsa"})").status(), 200);
  EXPECT_FALSE(world.is_active(stolen, "c1"));
  EXPECT_EQ(world.get("/oauth2/connect/jwk_uri").response().body.find(kid), std::string::npos);
  EXPECT_TRUE(world.is_active(world.issue("c1"), "c1"));
  EXPECT_TRUE(world.is_active(opaque, "o")) << "what the key did not make lives on";
  EXPECT_NE(get("/admin/audit?limit=100").response().body.find("\"forced\":true"),
            std::string::npos);
}

TEST_F(AdminApiTest, paths_and_methods_that_are_not_there) {
  EXPECT_EQ(get("/admin/banana").status(), 404);
  EXPECT_EQ(call(http::Method::kDelete, "/admin/health").status(), 405);
}

}  // namespace
}  // namespace signet::admin
