// Tokens for resource servers: which one a request selects, how its token is encrypted, and how the
// server knows it again.

#include "base/text.h"
#include "jose/content.h"
#include "jose/encryptor.h"
#include "jose/key_management.h"
#include "oauth/endpoints/test_resource_servers.h"
#include "oauth/endpoints/test_token.h"

namespace signet::oauth::test {
namespace {

TEST_F(ResourceServers, sec_137_first_table_the_parameter_selects_the_encryption_not_the_scope) {
  add("RS1", "Scope1", nullptr);
  add("RS2", "Scope2", key2);
  const auto answer = ask("&resourceServer=RS2&scope=Scope1");
  EXPECT_EQ(answer.text("scope"), "Scope1");
  EXPECT_EQ(member(inside(answer.text("access_token"), key2), "scope"), "Scope1");
}

TEST_F(ResourceServers, sec_137_second_table_without_the_parameter_the_default_is_used) {
  add("RS1", "Scope1", key1);
  add("RS2", "Scope2", key2);
  state("RS1");
  const std::string token = this->token("&scope=Scope1");
  EXPECT_EQ(member(inside(token, key1), "scope"), "Scope1");
  EXPECT_FALSE(open(token, key2).ok());
}

TEST_F(ResourceServers, sec_137_third_table_the_parameter_goes_before_the_default) {
  add("RS1", "Scope1", key1);
  add("RS2", "Scope2", key2);
  state("RS2");
  const std::string token = this->token("&scope=Scope1&resourceServer=RS1");
  EXPECT_EQ(member(inside(token, key1), "scope"), "Scope1");
}

TEST_F(ResourceServers, the_built_in_one_is_the_default_at_first_and_follows_the_realm) {
  EXPECT_EQ(tokens::shape_of(token("")), tokens::Shape::kJws);
  EXPECT_EQ(tokens::shape_of(token("&resourceServer=Identity+Provider")), tokens::Shape::kJws);
}

TEST_F(ResourceServers, without_default_and_built_in_one_the_servers_key_encrypts) {
  state("", "");
  const std::string token = this->token("");
  EXPECT_EQ(tokens::shape_of(token), tokens::Shape::kJwe);
  EXPECT_TRUE(world.is_active(token, "gateway"));
}

TEST_F(ResourceServers, sec_138_an_unknown_name_is_invalid_target_never_the_default_key) {
  add("RS1", "", key1);
  state("RS1");
  for (const char* asked : {"&resourceServer=RS9", "&resourceServer=rs1", "&resourceServer=a%2Fb",
                            "&resource=https%3A%2F%2Funknown.example"}) {
    const auto answer = ask(asked);
    EXPECT_EQ(answer.status(), 400) << asked;
    EXPECT_EQ(answer.text("error"), "invalid_target") << asked;
  }
  // Without a value it counts as omitted (RFC 6749 §3.2), so the default is meant.
  EXPECT_TRUE(open(token("&resourceServer="), key1).ok());
  EXPECT_EQ(ask("&resourceServer=RS1&resourceServer=RS1").text("error"), "invalid_request");
}

TEST_F(ResourceServers, a_removed_built_in_one_is_unknown) {
  add("RS1", "", key1);
  state("RS1", "");
  EXPECT_EQ(ask("&resourceServer=Identity+Provider").text("error"), "invalid_target");
}

TEST_F(ResourceServers, sec_139_signed_first_and_encrypted_then) {
  add("RS2", "", key2);
  const std::string token = this->token("&resourceServer=RS2");
  const auto outer = open(token, key2);
  ASSERT_THAT(outer, signet::test::is_ok());
  EXPECT_EQ(outer->header.alg, jose::JweAlg::kA128Kw);
  EXPECT_EQ(outer->header.enc, jose::JweEnc::kA128CbcHs256);
  EXPECT_EQ(outer->header.cty, "JWT");
  EXPECT_EQ(outer->header.kid, "rs2-key");
  const std::string inner(as_text(outer->plain.view()));
  EXPECT_EQ(tokens::shape_of(inner), tokens::Shape::kJws);
  EXPECT_EQ(jose::parse_compact_header(inner)->typ, "at+jwt");
  EXPECT_EQ(member(claims(inner), "aud"), "RS2");
}

TEST_F(ResourceServers, sec_140_without_a_fitting_key_there_is_no_token_and_never_a_plain_one) {
  add("RS2", "", key_of("rs2-key", 32, 'c'));  // 256 bits do not fit A128KW
  const auto answer = ask("&resourceServer=RS2");
  EXPECT_EQ(answer.status(), 500);
  EXPECT_EQ(answer.text("error"), "server_error");
  EXPECT_EQ(answer.text("access_token"), "");
}

TEST_F(ResourceServers, sec_141_one_resource_server_cannot_read_anothers_tokens) {
  add("RS1", "", key1);
  add("RS2", "", key2);
  EXPECT_FALSE(open(token("&resourceServer=RS2"), key1).ok());
  EXPECT_FALSE(open(token("&resourceServer=RS1"), key2).ok());
}

TEST_F(ResourceServers, claims_are_kept_for_one_client_one_scope_and_one_resource_server) {
  const std::vector<std::string> names = {"RS1", "RS2", "RS3", "RS4"};
  for (const auto& name : names)
    add(name, "Scope" + name, key1);
  world.put("client", "root", "other",
            R"({"client_id":"other","stored_secret":")" + hash_fast(World::kSecret, *world.random) +
                "\"}");
  // More than a client keeps, asked again and again and by turns.
  for (int round = 0; round < 3; ++round) {
    for (const auto& name : names) {
      for (const std::string client : {"app", "other"}) {
        for (const std::string scope : {"ScopeRS1", "ScopeRS2"}) {
          const auto answer = world.post(
              "/oauth2/access_token",
              "grant_type=client_credentials&resourceServer=" + name + "&scope=" + scope, client);
          const auto claims = inside(answer.text("access_token"), key1);
          EXPECT_EQ(member(claims, "client_id"), client);
          EXPECT_EQ(member(claims, "aud"), name);
          EXPECT_EQ(member(claims, "scope"), scope);
        }
      }
    }
  }
}

TEST_F(ResourceServers, the_server_knows_the_outer_and_the_inner_token_again) {
  add("RS2", "Scope2", key2);
  const std::string outer = token("&resourceServer=RS2&scope=Scope2");
  const std::string inner(as_text(open(outer, key2)->plain.view()));
  for (const auto& shown : {outer, inner}) {
    const auto answer = world.post("/oauth2/introspect", "token=" + shown, "gateway");
    EXPECT_TRUE(answer.flag("active"));
    EXPECT_EQ(answer.text("scope"), "Scope2");
    EXPECT_EQ(answer.json().find("_pvt"), nullptr) << "the private claim is ours alone";
  }
  EXPECT_NE(claims(inner).find("_pvt"), nullptr);
}

TEST_F(ResourceServers, a_token_stays_known_when_its_resource_server_is_gone) {
  add("RS2", "", key2);
  const std::string outer = token("&resourceServer=RS2");
  storage::Transaction transaction;
  transaction.emplace_back(
      storage::EraseDocument{"resource_server", RealmName("root"), "RS2", std::nullopt});
  ASSERT_TRUE(async::run_now(world.storage->commit(std::move(transaction))).ok());
  world.services->changes->publish({"resource_server", RealmName("root"), "RS2"});
  EXPECT_TRUE(world.is_active(outer, "gateway"));
  EXPECT_EQ(ask("&resourceServer=RS2").text("error"), "invalid_target");
}

TEST_F(ResourceServers, revoking_the_outer_token_revokes_the_inner_one) {
  add("RS2", "", key2);
  const std::string outer = token("&resourceServer=RS2");
  const std::string inner(as_text(open(outer, key2)->plain.view()));
  EXPECT_EQ(world.post("/oauth2/token/revoke", "token=" + outer, "app").status(), 200);
  EXPECT_FALSE(world.is_active(outer, "gateway"));
  EXPECT_FALSE(world.is_active(inner, "gateway"));
}

TEST_F(ResourceServers,
       what_a_resource_server_puts_into_an_outer_token_of_its_own_is_not_believed) {
  add("RS2", "", key2);
  const std::string outer = token("&resourceServer=RS2");
  // The resource server knows the content key; it can encrypt anything under our header.
  const auto parts = split(outer, '.');
  const auto members = jose::parse_jwe_header(outer)->members;
  const auto wrapped = *base64::url_decode(parts[1]);
  const auto content_key = jose::unwrap_content_key(key2->jwk(), jose::JweAlg::kA128Kw,
                                                    jose::JweEnc::kA128CbcHs256, members, wrapped);
  ASSERT_THAT(content_key, signet::test::is_ok());
  const Bytes iv(16, 7);
  const auto content = jose::seal(
      jose::JweEnc::kA128CbcHs256, content_key->view(), iv, as_bytes(parts[0]),
      as_bytes(R"({"iss":"https://as.example/oauth2","exp":99999999999,"jti":"x","sub":"root"})"));
  ASSERT_THAT(content, signet::test::is_ok());
  std::string forged(parts[0]);
  forged += '.';
  forged += parts[1];
  for (const ByteView part : {ByteView(iv), ByteView(content->ciphertext), ByteView(content->tag)})
    forged.append(".").append(base64::url_encode(part));
  ASSERT_THAT(open(forged, key2), signet::test::is_ok());
  EXPECT_FALSE(world.is_active(forged, "gateway"));
}

TEST_F(ResourceServers, no_token_shows_a_header_that_strict_libraries_do_not_know) {
  add("RS2", "", key2);
  const auto header = jose::parse_jwe_header(token("&resourceServer=RS2"));
  for (const auto& [name, value] : header->members)
    EXPECT_TRUE(name == "alg" || name == "enc" || name == "kid" || name == "typ" || name == "cty")
        << name;
}

TEST_F(ResourceServers, strict_mode_makes_the_documents_failures_happen) {
  add("RS1", "", key1);
  add("RS2", "", key2);
  realm_settings = R"(,"strict_resource_servers":true)";
  state("RS1");
  const std::string outer = token("");
  EXPECT_TRUE(world.is_active(outer, "gateway"));
  state("RS2");
  EXPECT_FALSE(world.is_active(outer, "gateway")) << "RS1 is not the default resource server";
  EXPECT_TRUE(world.post("/oauth2/introspect", "resourceServer=RS1&token=" + outer, "gateway")
                  .flag("active"));
  realm_settings = "";
  state("RS2");
  EXPECT_TRUE(world.is_active(outer, "gateway")) << "without strict mode it stays usable";
}

TEST_F(ResourceServers, a_uri_selects_as_a_name_does) {
  const std::string uri = "https://rs2.example/api";
  add("RS2", "", key2, uri);
  const json::Object claims = inside(token("&resource=" + escaped_uri(uri)), key2);
  EXPECT_EQ(member(claims, "aud"), uri);
  EXPECT_EQ(ask("&resource=" + escaped_uri(uri) + "&resourceServer=RS2").status(), 200);
}

TEST_F(ResourceServers, no_encryption_gives_a_signed_token) {
  world.put("resource_server", "root", "Open",
            R"({"name":"Open","access_token":{"encryption":"none","signing_algorithm":"ES256",)"
            R"("lifetime":42}})");
  const auto answer = ask("&resourceServer=Open");
  const std::string token = answer.text("access_token");
  EXPECT_EQ(jose::parse_compact_header(token)->alg, jose::JwsAlg::kEs256);
  EXPECT_EQ(*answer.json().find("expires_in")->if_int(), 42);
}

TEST_F(ResourceServers, its_own_lifetime_and_algorithm_go_before_those_of_client_and_realm) {
  world.realm("root", R"(,"access_token":{"lifetime":100,"max_lifetime":300})");
  world.client("own", R"(,"access_token":{"lifetime":200,"signing_algorithm":"ES256"})");
  const auto open_server = [&](const std::string& name, const std::string& more) {
    world.put("resource_server", "root", name,
              R"({"name":")" + name + R"(","access_token":{"encryption":"none")" + more + "}}");
  };
  open_server("Plain", "");
  open_server("Short", R"(,"lifetime":42,"signing_algorithm":"RS256")");
  open_server("Long", R"(,"lifetime":86400)");
  struct Row {
    const char *client, *server;
    int lifetime;
    jose::JwsAlg alg;
  };
  for (const Row& row : {Row{"app", "Plain", 100, jose::JwsAlg::kRs256},
                         Row{"own", "Plain", 200, jose::JwsAlg::kEs256},
                         Row{"own", "Short", 42, jose::JwsAlg::kRs256},
                         Row{"own", "Long", 300, jose::JwsAlg::kEs256},
                         Row{"own", "Identity+Provider", 200, jose::JwsAlg::kEs256}}) {
    const std::string asked = "grant_type=client_credentials&resourceServer=";
    const auto answer = world.post("/oauth2/access_token", asked + row.server, row.client);
    ASSERT_EQ(answer.status(), 200) << row.client << row.server;
    EXPECT_EQ(*answer.json().find("expires_in")->if_int(), row.lifetime)
        << row.client << row.server;
    EXPECT_EQ(jose::parse_compact_header(answer.text("access_token"))->alg, row.alg)
        << row.client << row.server;
  }
}

TEST_F(ResourceServers, an_opaque_format_is_kept_by_the_server) {
  world.put("resource_server", "root", "Kept",
            R"({"name":"Kept","access_token":{"encryption":"none","format":"opaque"}})");
  const std::string token = this->token("&resourceServer=Kept");
  EXPECT_EQ(tokens::shape_of(token), tokens::Shape::kOpaque);
  EXPECT_TRUE(world.is_active(token, "gateway"));
}

TEST_F(ResourceServers, a_scope_is_granted_only_if_it_is_defined_somewhere) {
  EXPECT_EQ(ask("&scope=Scope1").text("error"), "invalid_scope");
  add("RS1", "Scope1", nullptr);
  EXPECT_EQ(ask("&scope=Scope1").text("scope"), "Scope1");
  EXPECT_EQ(ask("&scope=scope1").text("error"), "invalid_scope") << "names are case-sensitive";
  world.realm("root", R"(,"scopes":["of_the_realm"])");
  EXPECT_EQ(ask("&scope=of_the_realm").text("scope"), "of_the_realm");
}

TEST_F(ResourceServers, a_clients_list_narrows_what_is_defined) {
  add("RS1", "Scope1", nullptr);
  world.client("narrow");
  const auto answer =
      world.post("/oauth2/access_token", "grant_type=client_credentials&scope=Scope1", "narrow");
  EXPECT_EQ(answer.text("error"), "invalid_scope");
}

TEST_F(ResourceServers, a_clients_list_defines_nothing) {
  world.put("client", "root", "lister",
            R"({"client_id":"lister","scopes":["read","Scope1"],"stored_secret":")" +
                hash_fast(World::kSecret, *world.random) + "\"}");
  const auto ask_for = [&](const std::string& scope) {
    return world.post("/oauth2/access_token", "grant_type=client_credentials&scope=" + scope,
                      "lister");
  };
  EXPECT_EQ(ask_for("Scope1").text("error"), "invalid_scope");
  add("RS1", "Scope1", nullptr);
  EXPECT_EQ(ask_for("Scope1+read").text("scope"), "Scope1 read");
  // Its resource server gives it up: nobody is granted it any more, whoever lists it.
  add("RS1", "", nullptr);
  storage::Transaction transaction;
  transaction.emplace_back(storage::EraseDocument{"scope", RealmName("root"), "Scope1", {}});
  ASSERT_THAT(async::run_now(world.storage->commit(std::move(transaction))), signet::test::is_ok());
  world.services->changes->publish({"scope", RealmName("root"), "Scope1"});
  EXPECT_EQ(ask_for("Scope1").text("error"), "invalid_scope");
  EXPECT_EQ(ask_for("read").text("scope"), "read");
}

TEST_F(ResourceServers, permissions_of_a_scope_become_a_claim_of_the_access_token) {
  world.put("scope", "root", "orders",
            R"({"resource_server":"RS1","name":"orders","values":["orders:read","orders:write"]})");
  world.put("scope", "root", "profile",
            R"({"name":"profile","include":"user_attributes","values":["cn"]})");
  world.put("scope", "root", "hidden", R"({"name":"hidden","values":["x"],"tokens":["id_token"]})");
  const json::Object claims = this->claims(token("&scope=orders+profile+hidden"));
  const json::Value* permissions = claims.find("permissions");
  ASSERT_NE(permissions, nullptr);
  EXPECT_EQ(json::dump(*permissions), R"(["orders:read","orders:write"])");
}

TEST_F(ResourceServers, what_a_scope_says_of_users_puts_nothing_into_a_token_without_one) {
  world.put("scope", "root", "profile",
            R"({"name":"profile","include":"user_attributes","values":["cn"],)"
            R"("tokens":["access_token","id_token"]})");
  world.put("scope", "root", "hidden", R"({"name":"hidden","values":["x"],"tokens":["id_token"]})");
  const auto answer = ask("&scope=profile+hidden");
  EXPECT_EQ(answer.text("scope"), "profile hidden") << "nobody is there to be asked";
  const json::Object claims = this->claims(answer.text("access_token"));
  for (const char* name : {"cn", "permissions", "profile", "hidden"})
    EXPECT_EQ(claims.find(name), nullptr) << name;
}

TEST_F(ResourceServers, a_changed_definition_shows_in_the_next_token) {
  add("RS1", "Scope1", nullptr);
  EXPECT_EQ(claims(token("&scope=Scope1&resourceServer=Identity+Provider")).find("permissions"),
            nullptr);
  world.put("scope", "root", "Scope1", R"({"name":"Scope1","values":["p"]})");
  EXPECT_NE(claims(token("&scope=Scope1&resourceServer=Identity+Provider")).find("permissions"),
            nullptr);
}

TEST_F(ResourceServers, every_key_of_the_way_is_needed_until_the_token_ends) {
  add("RS2", "", key2);
  token("&resourceServer=RS2");
  const auto keys = *async::run_now(world.storage->keys(RealmName()));
  std::size_t raised = 0;
  for (const auto& key : keys) {
    const bool involved = key.secret_id == tokens::encryption_id().str() ||
                          key.secret_id == tokens::signing_id(jose::JwsAlg::kRs256).str();
    if (!involved) continue;
    EXPECT_GE(key.horizon, world.clock->now() + Seconds(600)) << key.secret_id;
    ++raised;
  }
  EXPECT_EQ(raised, 2U);
}

TEST(ResourceServersWithoutServerKey, the_error_names_the_secret_id) {
  World world([](World& w) { w.mappings.erase(tokens::encryption_id().str()); });
  world.realm("root");
  world.client("app");
  world.put("resource_server", "root", "RS1", R"({"name":"RS1"})");
  const auto answer =
      world.post("/oauth2/access_token", "grant_type=client_credentials&resourceServer=RS1", "app");
  EXPECT_EQ(answer.status(), 500);
  EXPECT_EQ(answer.text("error"), "server_error");
}

TEST_F(ResourceServers, a_test_token_is_made_as_a_clients_is_and_lives_for_a_minute) {
  add("RS2", "", key2);
  const auto test = [&](const char* name) {
    return async::run_now(
        issue_test_token(*world.services, world.router->directory(), RealmName("root"), name));
  };
  const auto made = test("RS2");
  ASSERT_THAT(made, signet::test::is_ok());
  const json::Object claims = inside(*made, key2);
  EXPECT_EQ(member(claims, "sub"), kTestClient);
  EXPECT_EQ(*claims.find("exp")->if_int() - *claims.find("iat")->if_int(), 60);
  EXPECT_THAT(test("RS9"), signet::test::fails("resource_server_unknown"));
}

TEST_F(ResourceServers, metadata_names_the_scopes_of_resource_servers) {
  add("RS1", "Scope1", nullptr);
  world.realm("root");
  const json::Object metadata = world.get("/oauth2/.well-known/openid-configuration").json();
  EXPECT_EQ(json::dump(*metadata.find("scopes_supported")), R"(["read","write","Scope1"])");
}

}  // namespace
}  // namespace signet::oauth::test
