// What the metadata names is there and works, and nothing else is.

#include <set>

#include "oauth/endpoints/test_security.h"

namespace signet::oauth::test {
namespace {

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

}  // namespace
}  // namespace signet::oauth::test
