#include "config/server_config.h"

#include "config/test_config.h"

namespace signet::config {
namespace {

using test::loaded;
using test::problems_of;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

TEST(ServerConfig, key_sets_are_read_carefully_unless_somebody_says_otherwise) {
  const ServerConfig plain = loaded("");
  EXPECT_EQ(plain.key_sets.timeout, Seconds(3));
  EXPECT_EQ(plain.key_sets.max_body, std::size_t{256} << 10);
  EXPECT_THAT(plain.key_sets.allow_private_hosts, IsEmpty());
  EXPECT_FALSE(plain.key_sets.allow_http);
  const ServerConfig other = loaded(
      "resource_servers: {jwks: {allow_private_hosts: [keys.internal, '[fd00::7]'], allow_http: "
      "true, last_good: 0s, max_redirects: 0}}");
  EXPECT_THAT(other.key_sets.allow_private_hosts, ElementsAre("keys.internal", "[fd00::7]"));
  EXPECT_EQ(other.key_sets.last_good, Seconds(0));
  EXPECT_EQ(other.key_sets.max_redirects, 0U);
  ASSERT_EQ(other.warnings.size(), 1U);
  EXPECT_EQ(other.warnings.front().path, "resource_servers.jwks.allow_http");
  EXPECT_THAT(problems_of("resource_servers: {jwks: {min_age: 1h, max_age: 1m}}"),
              HasSubstr("resource_servers.jwks.max_age: is shorter than"));
  EXPECT_THAT(
      problems_of("resource_servers: {jwks: {allow_private_hosts: ['https://keys.internal/']}}"),
      HasSubstr("'https://keys.internal/' is no host"));
}

TEST(ServerConfig, an_empty_file_is_a_working_configuration) {
  const ServerConfig config = loaded("");
  EXPECT_EQ(config.data_dir, "./data");
  EXPECT_EQ(config.storage_url, "sqlite:./data/signet.db");
  EXPECT_EQ(config.server.public_url, "http://127.0.0.1:8080");
  EXPECT_EQ(config.management.port, 8081);
  EXPECT_EQ(config.keys.lease, Seconds(86400));
  EXPECT_THAT(config.warnings, IsEmpty());
}

TEST(ServerConfig, reads_everything) {
  const ServerConfig config = loaded(R"(
data_dir: /var/lib/signet
server:
  public_url: https://login.example.com/
  address: 0.0.0.0
  port: 8443
  tls: {certificate: c.pem, private_key: k.pem, client_certificates: request}
  hsts: true
log: {level: debug, format: text}
encryption_keys:
  - {name: k1, file: /etc/signet/k1}
secret_stores:
  - name: pems
    type: filesystem
    settings: {directory: /run/secrets, refresh: 5}
    mappings:
      am.services.oauth2.oidc.signing.RSA: [new, old]
realms:
  - name: root
    clients:
      - {client_id: api, secret: hunter2, scopes: [read]}
    secret_stores:
      - {name: own, type: memory}
)");
  EXPECT_EQ(config.server.public_url, "https://login.example.com");
  ASSERT_TRUE(config.server.tls);
  EXPECT_TRUE(config.server.tls->request_client_certificate);
  EXPECT_FALSE(config.log_as_json);
  ASSERT_EQ(config.secret_stores.size(), 1U);
  EXPECT_THAT(config.secret_stores[0].mappings[0].second, ElementsAre("new", "old"));
  EXPECT_EQ(json::dump(config.secret_stores[0].settings),
            R"({"directory":"/run/secrets","refresh":5})");
  ASSERT_EQ(config.realms.size(), 1U);
  ASSERT_EQ(config.realms[0].clients.size(), 1U);
  EXPECT_EQ(*config.realms[0].clients[0].find("secret")->if_string(), "hunter2");
  EXPECT_EQ(config.realms[0].secret_stores[0].name, "own");
  EXPECT_THAT(json::dump(config.shown), HasSubstr("(hidden)"));
  EXPECT_THAT(json::dump(config.shown), testing::Not(HasSubstr("hunter2")));
}

TEST(ServerConfig, no_mappings_is_another_thing_than_nothing_about_mappings) {
  const ServerConfig config = loaded(R"(
secret_stores:
  - {name: a, type: keystore}
  - {name: b, type: keystore, mappings: {}}
  - {name: c, type: keystore, mappings: {am.services.oauth2.oidc.signing.RSA: [key]}}
)");
  ASSERT_EQ(config.secret_stores.size(), 3U);
  EXPECT_FALSE(config.secret_stores[0].has_mappings);
  EXPECT_TRUE(config.secret_stores[1].has_mappings);
  EXPECT_THAT(config.secret_stores[1].mappings, IsEmpty());
  EXPECT_TRUE(config.secret_stores[2].has_mappings);
}

TEST(ServerConfig, resource_servers_are_unique_with_one_default_and_hide_their_keys) {
  const ServerConfig config = loaded(R"(
realms:
  - name: root
    resource_servers:
      - name: RS1
        default: true
        access_token:
          encryption: resource_server_key
          key_encryption_algorithm: A128KW
          jwks: {keys: [{kty: oct, kid: a, k: Vlbwxl5hbCOLMwupPc2hDw}]}
          lifetime: 5m
    inject_policies: [{name: p, client_id: gateway, renew_before: 2m}]
)");
  ASSERT_EQ(config.realms[0].resource_servers.size(), 1U);
  EXPECT_THAT(json::dump(config.realms[0].resource_servers[0]), HasSubstr("\"lifetime\":300"));
  ASSERT_EQ(config.realms[0].inject_policies.size(), 1U);
  EXPECT_EQ(config.realms[0].document.find("resource_servers"), nullptr);
  EXPECT_THAT(json::dump(config.shown), testing::Not(HasSubstr("Vlbwxl5hbCOLMwupPc2hDw")));
  EXPECT_THAT(problems_of("realms: [{name: a, resource_servers: [{name: x}, {name: x}]}]\n"),
              HasSubstr("realms[0].resource_servers[1].name: 'x' is already taken"));
  EXPECT_THAT(problems_of("realms: [{name: a, resource_servers: [{name: x, default: true}, "
                          "{name: y, default: true}]}]\n"),
              HasSubstr("is the second default"));
}

TEST(ServerConfig, a_shared_database_needs_shared_keys) {
  const std::string url = "storage: {url: 'postgresql://signet@db/signet'}\n";
  EXPECT_THAT(problems_of(url), HasSubstr("there are no encryption_keys"));
  EXPECT_THAT(problems_of(url), HasSubstr("there are no secret_stores"));
  EXPECT_EQ(problems_of(url + "encryption_keys: [{name: a, file: /k}]\n"
                              "secret_stores: [{name: s, type: filesystem}]\n"),
            "accepted");
}

TEST(ServerConfig, shows_no_password_of_a_database) {
  const std::string keys =
      "encryption_keys: [{name: a, file: /k}]\nsecret_stores: [{name: s, type: filesystem}]\n";
  for (const std::string url :
       {"postgresql://signet:hunter2@db:5432/signet?sslmode=require",
        "postgres://:hunter2@db/signet", "postgresql://db/signet?password=hunter2&sslmode=require",
        "postgresql://db/signet?sslpassword=hunter2",
        "postgresql://a@db/signet?sslpassword=hunter2&password=hunter2",
        "postgresql://signet:hunter2@db", "postgresql://signet:hun@ter2hunter2@db/x"}) {
    const auto config = loaded("storage: {url: '" + url + "'}\n" + keys);
    EXPECT_EQ(config.storage_url, url);
    EXPECT_THAT(json::dump(config.shown), testing::Not(HasSubstr("hunter2"))) << url;
    EXPECT_THAT(json::dump(config.shown), HasSubstr("(hidden)"));
  }
  EXPECT_THAT(json::dump(loaded("storage: {url: 'postgresql://u@db:5432/x'}\n" + keys).shown),
              HasSubstr("postgresql://u@db:5432/x"));
}

TEST(ServerConfig, a_sealing_key_that_is_lost_is_named_by_its_id) {
  EXPECT_THAT(loaded("lost_encryption_keys: ['00112233445566aa']\n").lost_encryption_keys,
              ElementsAre("00112233445566aa"));
  EXPECT_THAT(problems_of("lost_encryption_keys: [k1]\n"), HasSubstr("is no id of a sealing key"));
}

TEST(ServerConfig, reads_what_the_old_server_sealed_its_values_with) {
  EXPECT_EQ(loaded("").legacy_encryption.file, "");
  const auto legacy =
      loaded("legacy_encryption: {file: /k, digest: SHA256, iterations: 20000, size: 256}\n")
          .legacy_encryption;
  EXPECT_EQ(legacy.file, "/k");
  EXPECT_EQ(legacy.digest, "SHA256");
  EXPECT_EQ(legacy.iterations, 20'000U);
  EXPECT_EQ(legacy.bits, 256U);
  EXPECT_THAT(problems_of("legacy_encryption: {file: /k, environment: K}\n"),
              HasSubstr("legacy_encryption: has a file and an environment"));
  EXPECT_THAT(problems_of("legacy_encryption: {iterations: 1}\n"), HasSubstr("below the minimum"));
}

TEST(ServerConfig, refuses_what_cannot_hold_together) {
  EXPECT_THAT(problems_of("server: {port: 8081}\n"), HasSubstr("is the public listener's port"));
  EXPECT_THAT(problems_of("server: {address: 0.0.0.0}\n"),
              HasSubstr("server.public_url: is missing"));
  EXPECT_THAT(problems_of("server: {public_url: 'https://a/b'}\n"), HasSubstr("has a path"));
  EXPECT_THAT(problems_of("server: {public_url: 'https://u:p@a'}\n"), HasSubstr("not an absolute"));
  EXPECT_THAT(problems_of("server: {hsts: true}\n"), HasSubstr("needs https"));
  EXPECT_THAT(problems_of("keys: {refresh: 10m}\n"), HasSubstr("twice keys.refresh"));
  EXPECT_THAT(problems_of("encryption_keys: [{name: a}]\n"), HasSubstr("exactly one of"));
  EXPECT_THAT(problems_of("secret_stores: [{name: a, type: b}, {name: a, type: b}]\n"),
              HasSubstr("signet.yaml:1: secret_stores[1].name: 'a' is already taken"));
  EXPECT_THAT(problems_of("secret_stores: [{name: ../a, type: b}]\n"), HasSubstr("is not a name"));
  EXPECT_THAT(problems_of("realms: [{name: a, clients: [{client_id: x}, {client_id: x}]}]\n"),
              HasSubstr("realms[0].clients[1].client_id: 'x' is already taken"));
  EXPECT_THAT(problems_of("secret_stores: [{name: a, type: b, mappings: {a..b: [x]}}]\n"),
              HasSubstr("is not a secret ID"));
  EXPECT_THAT(problems_of("secret_stores: [{name: a, type: b, kids: {x: [y]}}]\n"),
              HasSubstr("signet.yaml:1: secret_stores[0].kids.x: has no kid"));
  EXPECT_THAT(problems_of("secret_stores: [{name: a, type: b, kids: [x]}]\n"),
              HasSubstr("write ALIAS: KID"));
}

TEST(ServerConfig, warns_of_what_is_unwise) {
  const ServerConfig config =
      loaded("server: {public_url: 'http://login.example.com'}\nmanagement: {address: 0.0.0.0}\n");
  EXPECT_EQ(config.warnings.size(), 2U);
  EXPECT_EQ(loaded("server: {public_url: 'http://127.example.com'}\n").warnings.size(), 1U)
      << "a name that only looks like loopback";
}

}  // namespace
}  // namespace signet::config
