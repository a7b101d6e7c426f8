#include "oauth/endpoints/test_clients.h"

namespace signet::oauth::test {

std::string realm_path(const std::string& realm) {
  return realms::base_path(RealmName(realm));
}

json::Object assertion_claims(const World& world, const std::string& client,
                              const std::string& realm) {
  json::Object claims;
  claims.set("iss", client);
  claims.set("sub", client);
  claims.set("aud", world.services->public_url + realm_path(realm));
  claims.set("iat", unix_seconds(world.clock->now()));
  claims.set("exp", unix_seconds(world.clock->now()) + 60);
  claims.set("jti", std::string(tokens::make_token_id(*world.random).view()));
  return claims;
}

jose::KeyPtr secret_key(const std::string& secret) {
  return jose::Key::local(jose::Jwk::from_symmetric(SecretBytes::from_text(secret)));
}

std::string assertion_form(const std::string& assertion) {
  return "client_assertion_type=urn%3Aietf%3Aparams%3Aoauth%3Aclient-assertion-type%3Ajwt-bearer"
         "&client_assertion=" +
         assertion;
}

KeyedClients::KeyedClients()
    : pair_(*crypto::PrivateKey::generate(crypto::KeyKind::kEcP256)),
      key_(jose::Key::local(jose::Jwk::from_private(pair_))) {}

void KeyedClients::put(World& world, const std::string& id, const std::string& method,
                       const std::string& more, const std::string& realm,
                       const std::string& secret) const {
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

FakeExchange KeyedClients::send(World& world, const std::string& path, const std::string& body,
                                const std::string& id, const std::string& presented,
                                const std::string& realm) const {
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

}  // namespace signet::oauth::test
