// Rows of the security requirements that need a whole server, hostile cases first.
#include <regex>
#include <set>

#include "base/log.h"
#include "base/text.h"
#include "oauth/endpoints/test_clients.h"

namespace signet::oauth::test {
namespace {

constexpr const char* kGrant = "grant_type=client_credentials";
constexpr const char* kToken = "/oauth2/access_token";

class Security : public ::testing::Test {
 protected:
  Security() {
    world.realm("root");
    world.client("c1");
  }
  FakeExchange post_with(const std::map<std::string, std::string>& headers, const std::string& path,
                         const std::string& body, const std::string& query = "") {
    FakeExchange exchange(http::Method::kPost, path, headers, body);
    const_cast<http::Request&>(exchange.request()).query = query;
    world.router->handle(exchange);
    return exchange;
  }
  std::map<std::string, std::string> as_client(const std::string& id = "c1") {
    return {{"Content-Type", "application/x-www-form-urlencoded"},
            {"Authorization", "Basic " + base64::encode(as_bytes(id + ":" + World::kSecret))}};
  }
  World world;
};

TEST_F(Security, sec_012_only_client_credentials_are_a_grant) {
  for (const char* grant :
       {"password&username=a&password=b", "implicit", "authorization_code&code=x",
        "refresh_token&refresh_token=x", "urn%3Aietf%3Aparams%3Aoauth%3Agrant-type%3Ajwt-bearer",
        "urn%3Aietf%3Aparams%3Aoauth%3Agrant-type%3Atoken-exchange",
        "urn%3Aopenid%3Aparams%3Agrant-type%3Aciba", "Client_Credentials"}) {
    const auto answer = world.post(kToken, std::string("grant_type=") + grant, "c1");
    EXPECT_EQ(answer.status(), 400) << grant;
    EXPECT_EQ(answer.text("error"), "unsupported_grant_type") << grant;
  }
}

TEST_F(Security, sec_009_a_parameter_that_occurs_twice_is_refused_at_every_endpoint) {
  for (const auto& endpoint : kEndpoints) {
    for (const char* twice : {"token=a&token=a", "grant_type=x&grant_type=x", "scope=a&sc%6Fpe=a",
                              "client_id=c1&client_id=c1", "x=1&x=2"}) {
      const auto answer = world.post("/oauth2" + std::string(endpoint.path), twice, "c1");
      EXPECT_EQ(answer.status(), 400) << endpoint.name << " " << twice;
      EXPECT_EQ(answer.text("error"), "invalid_request") << endpoint.name << " " << twice;
    }
  }
}

TEST_F(Security, sec_010_unknown_parameters_are_ignored) {
  EXPECT_EQ(world.post(kToken, std::string(kGrant) + "&x=1&nonce=2&state=3", "c1").status(), 200);
}

TEST_F(Security, sec_062_sec_063_nothing_is_taken_from_the_query) {
  const std::string token = world.issue("c1");
  EXPECT_EQ(post_with(as_client(), "/oauth2/introspect", "", "token=" + token).status(), 400);
  EXPECT_EQ(post_with(as_client(), "/oauth2/token/revoke", "", "token=" + token).status(), 400);
  EXPECT_TRUE(world.is_active(token, "c1"));
  EXPECT_EQ(post_with(as_client(), kToken, "", kGrant).status(), 400);
  const auto by_query = post_with({{"Content-Type", "application/x-www-form-urlencoded"}}, kToken,
                                  kGrant, "client_id=c1&client_secret=" + World::kSecret);
  EXPECT_EQ(by_query.status(), 401);
}

TEST_F(Security, sec_044_an_unknown_client_looks_alike_at_every_endpoint) {
  const std::string body = std::string(kGrant) + "&token=x";
  for (const auto& endpoint : kEndpoints) {
    const std::string path = "/oauth2" + std::string(endpoint.path);
    const auto wrong = world.post(path, body, "c1", std::string(43, 'w'));
    const auto unknown = world.post(path, body, "nobody", std::string(43, 'w'));
    EXPECT_EQ(wrong.status(), 401) << endpoint.name;
    EXPECT_EQ(wrong.status(), unknown.status());
    EXPECT_EQ(json::dump(wrong.json()), json::dump(unknown.json())) << endpoint.name;
  }
}

TEST_F(Security, sec_064_ten_thousand_tokens_carry_everything_and_no_jti_twice) {
  world.client("h", R"(,"access_token":{"signing_algorithm":"HS256"})");
  std::set<std::string> seen;
  for (int i = 0; i < 10'000; ++i) {
    const std::string token = world.issue("h");
    const auto parts = split(token, '.');
    ASSERT_EQ(parts.size(), 3U);
    const auto header = json::parse_object(as_text(*base64::url_decode(parts[0])));
    const auto claims = json::parse_object(as_text(*base64::url_decode(parts[1])));
    ASSERT_TRUE(header.ok() && claims.ok());
    ASSERT_EQ(*header->find("typ")->if_string(), "at+jwt");
    for (const char* name : {"iss", "exp", "aud", "sub", "client_id", "iat", "jti"})
      ASSERT_NE(claims->find(name), nullptr) << name;
    ASSERT_TRUE(seen.insert(*claims->find("jti")->if_string()).second);
  }
}

TEST_F(Security, sec_073_bearer_tokens_live_ten_minutes_unless_told_otherwise) {
  const auto answer = world.post(kToken, kGrant, "c1").json();
  EXPECT_LE(answer.find("expires_in")->if_int().value_or(99999), 600);
}

TEST_F(Security, sec_088_what_is_too_large_to_be_a_token_is_refused_unread) {
  const std::string large(64 * 1024 + 1, 'a');
  for (const char* path : {"/oauth2/introspect", "/oauth2/token/revoke"}) {
    const auto answer = world.post(path, "token=" + large, "c1");
    EXPECT_EQ(answer.status(), 400) << path;
    EXPECT_EQ(answer.text("error"), "invalid_request") << path;
  }
  const KeyedClients clients;
  clients.put(world, "k", "private_key_jwt");
  json::Object header;
  header.set("x", std::string(17 * 1024, 'h'));
  const std::string assertion =
      *jose::sign_compact(clients.key(), jose::JwsAlg::kEs256,
                          as_bytes(json::dump(assertion_claims(world, "k"))), header);
  EXPECT_EQ(world.post(kToken, std::string(kGrant) + "&" + assertion_form(assertion)).text("error"),
            "invalid_client");
}

TEST_F(Security, sec_074_sec_041_no_assertion_by_an_algorithm_that_is_not_offered) {
  const KeyedClients clients;
  clients.put(world, "k", "private_key_jwt");
  const std::string claims = base64::url_encode(as_bytes(json::dump(assertion_claims(world, "k"))));
  for (const char* alg : {"none", "NONE", "nOnE", "RS1", "ES256K", "HS1", "dir", "RSA-OAEP", ""}) {
    const std::string header =
        base64::url_encode(as_bytes(std::string(R"({"alg":")") + alg + "\"}"));
    for (const char* signature : {"", "AAAA"}) {
      const std::string assertion = header + "." + claims + "." + signature;
      EXPECT_EQ(
          world.post(kToken, std::string(kGrant) + "&" + assertion_form(assertion)).text("error"),
          "invalid_client")
          << alg;
    }
  }
}

std::vector<std::string> texts(const json::Object& object, const char* name) {
  std::vector<std::string> out;
  if (const json::Value* list = object.find(name))
    for (const auto& item : *list->if_array())
      out.push_back(*item.if_string());
  return out;
}

TEST_F(Security, sec_148_every_method_that_metadata_names_works_and_no_other_is_taken) {
  const auto metadata = world.get("/oauth2/.well-known/openid-configuration").json();
  const KeyedClients clients;
  const std::pair<const char*, const char*> lists[] = {{"token", "/access_token"},
                                                       {"introspection", "/introspect"},
                                                       {"revocation", "/token/revoke"}};
  for (const auto& [name, path] : lists) {
    const auto methods =
        texts(metadata, (std::string(name) + "_endpoint_auth_methods_supported").c_str());
    EXPECT_THAT(methods,
                ::testing::UnorderedElementsAre("client_secret_basic", "client_secret_post",
                                                "client_secret_jwt", "private_key_jwt"));
    for (const auto& method : methods) {
      clients.put(world, "m", method);
      EXPECT_EQ(clients
                    .send(world, "/oauth2" + std::string(path), std::string(kGrant) + "&token=x",
                          "m", method)
                    .status(),
                200)
          << name << " " << method;
    }
  }
  for (const char* other : {"tls_client_auth", "self_signed_tls_client_auth", "magic", ""}) {
    EXPECT_FALSE(
        Client::from_json(*json::parse_object(std::string(R"({"client_id":"x","grant_types":[],)") +
                                              R"("token_endpoint_auth_method":")" + other + "\"}"))
            .ok())
        << other;
  }
  for (const auto& grant : texts(metadata, "grant_types_supported"))
    EXPECT_EQ(world.post(kToken, "grant_type=" + grant, "c1").status(), 200) << grant;
  EXPECT_TRUE(texts(metadata, "response_types_supported").empty());
}

TEST_F(Security, sec_148_metadata_names_nothing_of_what_does_not_exist) {
  std::set<std::string> known = {"issuer",
                                 "jwks_uri",
                                 "token_endpoint",
                                 "introspection_endpoint",
                                 "scopes_supported",
                                 "revocation_endpoint",
                                 "grant_types_supported",
                                 "response_types_supported"};
  for (const std::string endpoint : {"token", "introspection", "revocation"}) {
    known.insert(endpoint + "_endpoint_auth_methods_supported");
    known.insert(endpoint + "_endpoint_auth_signing_alg_values_supported");
  }
  for (const char* path : {"/oauth2/.well-known/openid-configuration",
                           "/.well-known/oauth-authorization-server/oauth2"}) {
    const auto metadata = world.get(path).json();
    EXPECT_FALSE(metadata.empty());
    for (const auto& [name, value] : metadata)
      EXPECT_TRUE(known.contains(name)) << path << " names " << name << ": show that it works";
  }
}

TEST_F(Security,
       sec_148_f_40_every_assertion_algorithm_that_metadata_names_works_at_every_endpoint) {
  const auto metadata = world.get("/oauth2/.well-known/openid-configuration").json();
  const auto names = texts(metadata, "token_endpoint_auth_signing_alg_values_supported");
  EXPECT_EQ(names.size(), jose::all_jws_algs().size() + 1);
  EXPECT_THAT(names, testing::Contains("Ed25519")) << "EdDSA by its new name";
  const auto rsa = crypto::PrivateKey::generate(crypto::KeyKind::kRsa, 2048);
  std::map<crypto::KeyKind, crypto::PrivateKey> pairs;
  for (const auto kind : {crypto::KeyKind::kEcP256, crypto::KeyKind::kEcP384,
                          crypto::KeyKind::kEcP521, crypto::KeyKind::kEd25519})
    pairs.emplace(kind, *crypto::PrivateKey::generate(kind));
  const auto pair_of = [&](const std::string& alg) -> const crypto::PrivateKey& {
    if (alg == "ES256") return pairs.at(crypto::KeyKind::kEcP256);
    if (alg == "ES384") return pairs.at(crypto::KeyKind::kEcP384);
    if (alg == "ES512") return pairs.at(crypto::KeyKind::kEcP521);
    if (alg == "EdDSA" || alg == "Ed25519") return pairs.at(crypto::KeyKind::kEd25519);
    return *rsa;
  };
  const std::string secret(64, 's');
  for (const auto& name : names) {
    SCOPED_TRACE(name);
    const auto alg = jose::parse_jws_alg(name);
    ASSERT_TRUE(alg);
    const std::string pinned = R"(,"token_endpoint_auth_signing_alg":")" + name + "\"";
    const KeyedClients clients;
    jose::KeyPtr key;
    if (jose::is_mac(*alg)) {
      key = secret_key(secret);
      clients.put(world, "a", "client_secret_jwt", pinned, "root", secret);
    } else {
      key = jose::Key::local(jose::Jwk::from_private(pair_of(name)));
      const auto shown = jose::Jwk::from_public(pair_of(name).public_key()).public_json();
      world.put(
          "client", "root", "a",
          R"({"client_id":"a","token_endpoint_auth_method":"private_key_jwt","jwks":{"keys":[)" +
              json::dump(*shown) + "]}" + pinned + "}");
    }
    for (const char* path : {kToken, "/oauth2/introspect", "/oauth2/token/revoke"}) {
      const auto assertion =
          jose::sign_compact(key, *alg, as_bytes(json::dump(assertion_claims(world, "a"))));
      ASSERT_THAT(assertion, signet::test::is_ok());
      const std::string body = std::string(kGrant) + "&token=x&" + assertion_form(*assertion);
      EXPECT_EQ(world.post(path, body).status(), 200) << path;
    }
  }
}

TEST_F(Security, sec_148_f_40_all_endpoints_name_the_algorithms_that_all_of_them_take) {
  const auto metadata = world.get("/oauth2/.well-known/openid-configuration").json();
  const auto of_token = texts(metadata, "token_endpoint_auth_signing_alg_values_supported");
  for (const char* name : {"introspection", "revocation"})
    EXPECT_EQ(texts(metadata,
                    (std::string(name) + "_endpoint_auth_signing_alg_values_supported").c_str()),
              of_token);
}

TEST_F(Security, sec_148_f_40_every_endpoint_that_metadata_names_is_there) {
  for (const std::string realm : {"root", "alpha"}) {
    world.realm(realm);
    const std::string base = realm == "root" ? "/oauth2" : "/oauth2/realms/root/realms/alpha";
    const auto metadata = world.get(base + "/.well-known/openid-configuration").json();
    const auto path_of = [&](const char* name) {
      const json::Value* url = metadata.find(name);
      const std::string text = url && url->if_string() ? *url->if_string() : "";
      EXPECT_TRUE(text.starts_with("https://as.example/")) << name << " is " << text;
      return text.substr(std::min<std::size_t>(text.size(), 18));
    };
    EXPECT_EQ(world.get(path_of("jwks_uri")).status(), 200);
    for (const char* name : {"token_endpoint", "introspection_endpoint", "revocation_endpoint"}) {
      const std::string path = path_of(name);
      EXPECT_EQ(world.post(path, "").text("error"), "invalid_client") << path;
      EXPECT_EQ(world.post(path + "x", "").status(), 404) << path;
    }
  }
}

TEST_F(Security, sec_148_f_40_every_scope_that_metadata_names_is_granted_and_no_other) {
  world.realm("root", R"(,"scopes":["of_the_realm"])");
  world.put("resource_server", "root", "api", R"({"name":"api","scopes":[{"name":"of.api"}]})");
  world.put("scope", "root", "of.api", R"({"resource_server":"api","name":"of.api"})");
  world.realm("root", R"(,"scopes":["of_the_realm"])");  // it hears of the scope
  world.put(
      "client", "root", "any",
      R"({"client_id":"any","stored_secret":")" + hash_fast(World::kSecret, *world.random) + "\"}");
  const auto metadata = world.get("/oauth2/.well-known/openid-configuration").json();
  const auto named = texts(metadata, "scopes_supported");
  EXPECT_THAT(named, ::testing::UnorderedElementsAre("of_the_realm", "of.api"));
  const auto ask = [&](const std::string& scope) {
    return world.post(kToken, std::string(kGrant) + "&scope=" + scope, "any");
  };
  for (const auto& scope : named)
    EXPECT_EQ(ask(scope).text("scope"), scope);
  for (const char* other :
       {"openid", "profile", "of.Api", "of.api.more", "of", "*", "offline_access"})
    EXPECT_EQ(ask(other).text("error"), "invalid_scope") << other;
}

TEST_F(Security, sec_149_the_issuer_is_what_was_configured_whatever_a_request_says) {
  const std::map<std::string, std::string> spoofed = {{"Host", "evil.example"},
                                                      {"X-Forwarded-Host", "evil.example"},
                                                      {"X-Forwarded-Proto", "http"},
                                                      {"X-Forwarded-Prefix", "/evil"},
                                                      {"Forwarded", "host=evil.example;proto=http"},
                                                      {"X-Original-URL", "/evil"}};
  const auto metadata = world.get("/oauth2/.well-known/openid-configuration", spoofed);
  EXPECT_EQ(metadata.text("issuer"), "https://as.example/oauth2");
  auto& response = const_cast<FakeExchange&>(metadata).response();
  EXPECT_EQ(response.body.find("evil"), std::string::npos);
  auto headers = as_client();
  headers.insert(spoofed.begin(), spoofed.end());
  const std::string token = post_with(headers, kToken, kGrant).text("access_token");
  const auto claims = json::parse_object(as_text(*base64::url_decode(split(token, '.')[1])));
  EXPECT_EQ(*claims->find("iss")->if_string(), metadata.text("issuer"));
  EXPECT_TRUE(world.is_active(token, "c1"));
}

TEST_F(Security, sec_212_metacharacters_of_queries_are_only_text) {
  for (const std::string evil : {"' OR '1'='1", "c1'--", "c1\\", "*)(uid=*", "c1%00", "%", "_",
                                 "{{7*7}}", "${jndi:x}", "c1; DROP TABLE documents"}) {
    const auto as_client_id = world.post(kToken, kGrant, evil);
    EXPECT_EQ(as_client_id.text("error"), "invalid_client") << evil;
    std::string escaped;
    for (const char c : evil)
      escaped += "%" + hex(ByteView(reinterpret_cast<const std::uint8_t*>(&c), 1));
    const auto as_token = world.post("/oauth2/introspect", "token=" + escaped, "c1");
    EXPECT_FALSE(as_token.flag("active")) << evil;
    const auto as_scope = world.post(kToken, std::string(kGrant) + "&scope=" + escaped, "c1");
    EXPECT_EQ(as_scope.text("error"), "invalid_scope") << evil;
  }
  EXPECT_FALSE(world.issue("c1").empty());
}

/// What would tell an attacker how the server is made.
bool tells_too_much(const std::string& answer) {
  static const std::regex signs(
      R"(SELECT |INSERT |UPDATE |sqlite|SQLITE|\.cc:|\.h:|/src/|/home/|/tmp/|std::|boost|openssl|0x[0-9a-f]{8}|exception|what\(\)|stack|signet-?[0-9]+\.[0-9])",
      std::regex::icase);
  return std::regex_search(answer, signs);
}

TEST_F(Security, sec_209_ten_thousand_broken_requests_tell_nothing_of_the_inside) {
  log::configure(log::Level::kOff, true);
  SeededRandom random(209);
  const auto pick = [&](std::size_t count) {
    std::array<std::uint8_t, 4> bytes;
    random.fill(bytes);
    return (bytes[0] | bytes[1] << 8 | bytes[2] << 16) % count;
  };
  const std::vector<std::string> paths = {"/oauth2/access_token",
                                          "/oauth2/introspect",
                                          "/oauth2/token/revoke",
                                          "/oauth2/connect/jwk_uri",
                                          "/oauth2/realms/root/realms/x/access_token",
                                          "/.well-known/",
                                          "/oauth2/realms/",
                                          "/",
                                          "/oauth2/../etc/passwd",
                                          "/admin/realms"};
  const std::string token = world.issue("c1");
  const std::vector<std::string> bodies = {
      std::string(kGrant) + "&scope=read",
      "token=" + token,
      "token=a.b.c.d.e",
      "token=sgo_x",
      std::string(kGrant) + "&" + assertion_form("e30.e30.e30"),
      "%",
      "&&&=&",
      "grant_type",
      std::string(kGrant) + "&resource=x&resource=y"};
  for (int i = 0; i < 10'000; ++i) {
    std::string path = paths[pick(paths.size())], body = bodies[pick(bodies.size())];
    for (std::size_t change = pick(4); change > 0; --change) {
      std::string& target = pick(5) == 0 ? path : body;
      const std::size_t at = pick(target.size());
      switch (pick(3)) {
        case 0:
          target[at] = static_cast<char>(pick(256));
          break;
        case 1:
          target.insert(at, 1, static_cast<char>(pick(256)));
          break;
        default:
          target.erase(at, 1 + pick(3));
      }
      if (target.empty()) target = "/";
    }
    auto headers = as_client(pick(4) ? "c1" : "c\"2");
    if (pick(8) == 0) headers["Authorization"] = "Basic " + body;
    if (pick(16) == 0) headers.erase("Content-Type");
    FakeExchange exchange(pick(5) ? http::Method::kPost : http::Method::kGet, path, headers, body);
    world.router->handle(exchange);
    ASSERT_TRUE(exchange.outcome.ok()) << path << "\n" << body;
    const auto& answer = exchange.response().body;
    ASSERT_LT(exchange.status(), 500) << path << "\n" << body << "\n" << answer;
    if (exchange.status() >= 400) {
      ASSERT_FALSE(tells_too_much(answer)) << answer;
    }
  }
  log::configure(log::Level::kInfo, true);
  EXPECT_TRUE(tells_too_much("SQLITE_BUSY in x.cc:12"));
}

}  // namespace
}  // namespace signet::oauth::test
