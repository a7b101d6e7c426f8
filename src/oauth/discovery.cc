#include "oauth/discovery.h"

#include <algorithm>

#include "base/base64.h"
#include "crypto/digest.h"
#include "oauth/client.h"

namespace signet::oauth {
namespace {

json::Array texts(std::initializer_list<std::string_view> list) {
  json::Array out;
  for (const auto text : list)
    out.emplace_back(text);
  return out;
}

}  // namespace

std::string metadata_document(const Capabilities& c) {
  json::Array auth_methods =
      texts({"client_secret_basic", "client_secret_post", "private_key_jwt"});
  if (c.can_check_secret_jwt) auth_methods.emplace_back("client_secret_jwt");
  json::Array assertion_algs;
  for (const auto alg : jose::all_jws_algs())
    if (c.can_check_secret_jwt || !jose::is_mac(alg)) assertion_algs.emplace_back(jose::name(alg));
  assertion_algs.emplace_back("Ed25519");  // the name of RFC 9864, which is taken too

  json::Object doc;
  doc.set("issuer", c.issuer);
  doc.set("token_endpoint", c.base_url + "/access_token");
  doc.set("jwks_uri", c.base_url + "/connect/jwk_uri");
  doc.set("introspection_endpoint", c.base_url + "/introspect");
  doc.set("revocation_endpoint", c.base_url + "/token/revoke");
  doc.set("grant_types_supported", texts({"client_credentials"}));
  doc.set("response_types_supported", json::Array{});
  for (const char* endpoint : {"token", "introspection", "revocation"}) {
    const std::string prefix = std::string(endpoint) + "_endpoint_auth_";
    doc.set(prefix + "methods_supported", auth_methods);
    doc.set(prefix + "signing_alg_values_supported", assertion_algs);
  }
  if (!c.scopes.empty()) doc.set("scopes_supported", json::Array(c.scopes.begin(), c.scopes.end()));
  return json::dump(doc);
}

ReadyDocument make_document(std::string body) {
  const auto digest = crypto::sha256(as_bytes(body));
  std::string etag = "\"" + base64::url_encode(ByteView(digest).first(16)) + "\"";
  return {std::move(body), std::move(etag)};
}

std::string jwks_document(const std::vector<PublishedKey>& keys) {
  json::Array out;
  std::vector<std::pair<std::string, jose::KeyUse>> seen;
  for (const auto& [secret, use] : keys) {
    if (!secret->key || secret->key->jwk().is_symmetric()) continue;
    const std::pair entry{secret->kid.str(), use};
    if (std::find(seen.begin(), seen.end(), entry) != seen.end()) continue;
    const auto& jwk = secret->key->jwk();
    auto shown = jwk.with_use(use).with_kid(secret->kid.str()).public_json();
    if (!shown.ok()) continue;
    // The same key serves several algorithms of its kind, so none is named (A8.0 of the reference).
    shown->erase("alg");
    out.emplace_back(std::move(*shown));
    seen.push_back(entry);
  }
  json::Object set;
  set.set("keys", std::move(out));
  return json::dump(set);
}

}  // namespace signet::oauth
