#include <set>

#include "admin/test_admin.h"
#include "base/base64.h"
#include "base/json_members.h"
#include "oauth/endpoints/key_set_test_support.h"
#include "tokens/format.h"

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
  put("/admin/realms/root", "{}");
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
  put("/admin/realms/root", "{}");
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

TEST_F(AdminApiTest, a_question_that_is_not_understood_is_not_answered_as_another) {
  put("/admin/realms/root", "{}");
  for (const char* query : {"?limit=all", "?limit=-1", "?limit=", "?limit=1&limit=2", "?after=%zz"})
    EXPECT_EQ(get("/admin/realms" + std::string(query)).text("code"), "query_malformed") << query;
  EXPECT_EQ(get("/admin/audit?after=yesterday").text("code"), "query_malformed");
  EXPECT_EQ(get("/admin/audit?after=0&limit=5000").status(), 200);
}

TEST_F(AdminApiTest, a_nested_realm_is_written_with_a_tilde) {
  EXPECT_EQ(put("/admin/realms/a~b", R"({"name":"a/b"})").status(), 201);
  EXPECT_EQ(get("/admin/realms/a~b").status(), 200);
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
  put("/admin/realms/root", "{}");
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

TEST_F(AdminApiTest, sec_083_no_token_of_a_client_opens_administration) {
  put("/admin/realms/root", "{}");
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
  put("/admin/realms/root", "{}");
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

TEST_F(AdminApiTest, paths_and_methods_that_are_not_there) {
  EXPECT_EQ(get("/admin/banana").status(), 404);
  EXPECT_EQ(call(http::Method::kDelete, "/admin/health").status(), 405);
}

}  // namespace
}  // namespace signet::admin
