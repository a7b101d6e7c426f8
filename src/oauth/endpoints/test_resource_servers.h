#pragma once
// For tests: a realm with a client that may ask for every scope, a gateway that introspects, and
// resource servers as operators would have written them.

#include "jose/encryptor.h"
#include "oauth/endpoints/test_world.h"
#include "resource_servers/selection.h"

namespace signet::oauth::test {

inline jose::KeyPtr key_of(const std::string& kid, std::size_t size, char fill) {
  SecretBytes bytes(size);
  for (auto& byte : bytes.span())
    byte = static_cast<std::uint8_t>(fill);
  return jose::Key::local(jose::Jwk::from_symmetric(std::move(bytes)).with_kid(kid));
}

inline std::string escaped_uri(std::string text) {
  std::string out;
  for (const char c : text) {
    if (c == ':') {
      out += "%3A";
    } else if (c == '/') {
      out += "%2F";
    } else if (c == ' ') {
      out += '+';
    } else {
      out += c;
    }
  }
  return out;
}

class ResourceServers : public ::testing::Test {
 protected:
  ResourceServers() {
    world.realm("root");
    world.put("client", "root", "app",
              R"({"client_id":"app","stored_secret":")" + hash_fast(World::kSecret, *world.random) +
                  "\"}");
    world.client("gateway", R"(,"may_introspect":"realm")");
  }

  /// A resource server whose key is `key` (A128KW), or, without one, the server's.
  void add(const std::string& name, const std::string& scope, const jose::KeyPtr& key,
           const std::string& uri = "") {
    std::string text = R"({"name":")" + name + "\"";
    if (!uri.empty()) text += R"(,"uri":")" + uri + "\"";
    if (key) {
      json::Object set;
      set.set("keys", json::Array{key->jwk().private_json()});
      text += R"(,"access_token":{"encryption":"resource_server_key","jwks":)" + json::dump(set) +
              R"(,"key_encryption_algorithm":"A128KW"})";
    }
    if (!scope.empty()) {
      const std::string definition = R"("name":")" + scope + "\"";
      text += R"(,"scopes":[{)" + definition + "}]";
      world.put("scope", "root", scope,
                R"({"resource_server":")" + name + "\"," + definition + "}");
    }
    world.put("resource_server", "root", name, text + "}");
    if (!uri.empty()) world.put("resource_server_uri", "root", uri, R"({"name":")" + name + "\"}");
  }
  void state(const std::string& default_name, const std::string& built_in = "Identity Provider") {
    resource_servers::State state;
    state.default_name = default_name;
    state.identity_provider = built_in;
    world.put("resource_server_state", "root", "state", json::dump(state.to_json()));
    world.realm("root", realm_settings);
  }
  FakeExchange ask(const std::string& more) {
    return world.post("/oauth2/access_token", "grant_type=client_credentials" + more, "app");
  }
  std::string token(const std::string& more) { return ask(more).text("access_token"); }

  Result<jose::DecryptedJwe> open(const std::string& token, const jose::KeyPtr& key) {
    jose::DecryptOptions options;
    const std::vector<jose::KeyPtr> keys{key};
    options.keys = keys;
    return jose::decrypt_compact(token, options);
  }
  /// The claims of the signed token inside, checked with the realm's published keys.
  json::Object inside(const std::string& token, const jose::KeyPtr& key) {
    const auto outer = open(token, key);
    EXPECT_THAT(outer, signet::test::is_ok());
    if (!outer.ok()) return {};
    EXPECT_EQ(outer->header.cty, "JWT");
    return claims(std::string(as_text(outer->plain.view())));
  }
  json::Object claims(const std::string& jwt) {
    const auto set = jose::JwkSet::parse(world.get("/oauth2/connect/jwk_uri").response().body);
    const auto keys = jose::local_keys(*set);
    jose::VerifyOptions options;
    options.keys = keys;
    const auto verified = jose::verify_compact(jwt, options);
    EXPECT_THAT(verified, signet::test::is_ok());
    if (!verified.ok()) return {};
    return *json::parse_object(as_text(verified->payload));
  }
  static std::string member(const json::Object& object, std::string_view name) {
    const json::Value* value = object.find(name);
    return value && value->if_string() ? *value->if_string() : "";
  }

  World world;
  std::string realm_settings;
  const jose::KeyPtr key1 = key_of("rs1-key", 16, 'a'), key2 = key_of("rs2-key", 16, 'b');
};

}  // namespace signet::oauth::test
