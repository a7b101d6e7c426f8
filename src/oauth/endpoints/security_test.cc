// Rows of the security requirements that need a whole server, hostile cases first.

#include <regex>
#include <set>

#include "base/log.h"
#include "base/text.h"
#include "oauth/endpoints/test_security.h"

namespace signet::oauth::test {
namespace {

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
