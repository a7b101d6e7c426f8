#pragma once
// Clients of every authentication method, and requests that present each, for tests.

#include <string>

#include "oauth/client_authentication.h"
#include "oauth/endpoints/test_world.h"

namespace signet::oauth::test {

inline const char* const kMethods[] = {"none", "client_secret_basic", "client_secret_post",
                                       "client_secret_jwt", "private_key_jwt"};
struct Endpoint {
  const char* name;
  const char* path;  ///< under the realm's
};
inline const Endpoint kEndpoints[] = {
    {"token", "/access_token"}, {"introspect", "/introspect"}, {"revoke", "/token/revoke"}};

inline std::string realm_path(const std::string& realm) {
  return realms::base_path(RealmName(realm));
}

/// The claims of a good client assertion for a realm.
inline json::Object assertion_claims(const World& world, const std::string& client,
                                     const std::string& realm = "root") {
  json::Object claims;
  claims.set("iss", client);
  claims.set("sub", client);
  claims.set("aud", world.services->public_url + realm_path(realm));
  claims.set("iat", unix_seconds(world.clock->now()));
  claims.set("exp", unix_seconds(world.clock->now()) + 60);
  claims.set("jti", std::string(tokens::make_token_id(*world.random).view()));
  return claims;
}

inline jose::KeyPtr secret_key(const std::string& secret = World::kSecret) {
  return jose::Key::local(jose::Jwk::from_symmetric(SecretBytes::from_text(secret)));
}

inline std::string assertion_form(const std::string& assertion) {
  return "client_assertion_type=urn%3Aietf%3Aparams%3Aoauth%3Aclient-assertion-type%3Ajwt-bearer"
         "&client_assertion=" +
         assertion;
}

/// The key pair of a client, and the document that registers it for a method.
class KeyedClients {
 public:
  KeyedClients()
      : pair_(*crypto::PrivateKey::generate(crypto::KeyKind::kEcP256)),
        key_(jose::Key::local(jose::Jwk::from_private(pair_))) {}

  const jose::KeyPtr& key() const { return key_; }

  /// Puts a client of this method, with a secret and a key where it may have them.
  void put(World& world, const std::string& id, const std::string& method,
           const std::string& more = "", const std::string& realm = "root",
           const std::string& secret = World::kSecret) const {
    std::string text = "{\"client_id\":\"" + id + "\",\"token_endpoint_auth_method\":\"" + method +
                       "\",\"scopes\":[\"read\"],\"default_scopes\":[\"read\"]";
    if (method == "none") text += ",\"grant_types\":[]";
    if (method == "client_secret_jwt") text += ",\"stored_secret\":\"SGN1." + secret + "\"";
    if (method == "client_secret_basic" || method == "client_secret_post")
      text += ",\"stored_secret\":\"" + hash_fast(secret, *world.random) + "\"";
    if (method == "private_key_jwt") {
      const auto shown = jose::Jwk::from_public(pair_.public_key()).public_json();
      text += ",\"jwks\":{\"keys\":[" + json::dump(*shown) + "]}";
    }
    world.put("client", realm, id, text + more + "}");
  }

  /// Sends `body` to the endpoint as this client, proven the way that `presented` names.
  FakeExchange send(World& world, const std::string& path, const std::string& body,
                    const std::string& id, const std::string& presented,
                    const std::string& realm = "root") const {
    std::string form = body, user;
    const auto claims = assertion_claims(world, id, realm);
    if (presented == "client_secret_basic" || presented.starts_with("basic_and")) user = id;
    if (presented == "client_secret_post" || presented == "basic_and_post")
      form += "&client_id=" + id + "&client_secret=" + World::kSecret;
    if (presented == "none") form += "&client_id=" + id;
    if (presented == "client_secret_jwt")
      form += "&" + assertion_form(*jose::sign_compact(secret_key(), jose::JwsAlg::kHs256,
                                                       as_bytes(json::dump(claims))));
    if (presented == "private_key_jwt" || presented == "basic_and_assertion")
      form += "&" + assertion_form(*jose::sign_compact(key_, jose::JwsAlg::kEs256,
                                                       as_bytes(json::dump(claims))));
    return world.post(path, form, user);
  }

 private:
  crypto::PrivateKey pair_;
  jose::KeyPtr key_;
};

}  // namespace signet::oauth::test
