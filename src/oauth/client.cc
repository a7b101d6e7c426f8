#include "oauth/client.h"

#include <algorithm>

#include "base/json_fields.h"
#include "base/text.h"
#include "oauth/client_secret.h"
#include "oauth/scope.h"

namespace signet::oauth {
namespace {

// Each accepted request of the last second takes eight bytes.
constexpr std::int64_t kMostPerSecond = 100'000;

std::optional<AuthMethod> parse_auth_method(std::string_view text) {
  for (const auto method : {AuthMethod::kNone, AuthMethod::kBasic, AuthMethod::kPost,
                            AuthMethod::kSecretJwt, AuthMethod::kPrivateKeyJwt})
    if (to_string(method) == text) return method;
  return std::nullopt;
}

Error contradiction(const Client& client, std::string what) {
  return {Code::kConfig, "client_contradiction",
          "client " + quoted(client.id.view()) + ": " + what};
}

// A client id stands in headers, claims and logs: VSCHAR of RFC 6749 appendix A.1.
bool is_client_id(std::string_view text) {
  return !text.empty() && text.size() <= 255 &&
         std::all_of(text.begin(), text.end(), [](char c) { return c > 0x20 && c < 0x7F; });
}

Status check_whole(const Client& client) {
  const bool is_public = client.auth_method == AuthMethod::kNone;
  if (is_public && client.may_use("client_credentials"))
    return contradiction(client, "a public client cannot use client_credentials (RFC 6749 §4.4)");
  if (is_public && client.introspection == Introspection::kRealm)
    return contradiction(client, "a public client cannot introspect the realm's tokens");
  if (client.auth_method == AuthMethod::kPrivateKeyJwt && client.keys.empty())
    return contradiction(client, "private_key_jwt needs public keys in 'jwks'");
  if (client.auth_alg) {
    const bool mac = jose::is_mac(*client.auth_alg);
    if (client.auth_method == AuthMethod::kPrivateKeyJwt && mac)
      return contradiction(client, "private_key_jwt cannot use an HMAC algorithm");
    if (client.auth_method == AuthMethod::kSecretJwt && !mac)
      return contradiction(client, "client_secret_jwt needs an HMAC algorithm");
  }
  if (!client.has_scope_list) return Done{};
  for (const auto& scope : client.default_scopes)
    if (std::find(client.scopes.begin(), client.scopes.end(), scope) == client.scopes.end())
      return contradiction(client, "default scope " + quoted(scope) + " is not among its scopes");
  return Done{};
}

}  // namespace

std::string_view to_string(AuthMethod method) {
  switch (method) {
    case AuthMethod::kNone:
      return "none";
    case AuthMethod::kBasic:
      return "client_secret_basic";
    case AuthMethod::kPost:
      return "client_secret_post";
    case AuthMethod::kSecretJwt:
      return "client_secret_jwt";
    case AuthMethod::kPrivateKeyJwt:
      return "private_key_jwt";
  }
  return "none";
}

bool Client::may_use(std::string_view grant_type) const {
  return std::find(grant_types.begin(), grant_types.end(), grant_type) != grant_types.end();
}

Result<Client> Client::from_json(const json::Object& document) {
  Client client;
  json::Fields f(document, "client");
  client.id = ClientId(f.required_text("client_id"));
  if (!is_client_id(client.id.view()))
    f.fault("client_id", "must be 1 to 255 printable ASCII characters without spaces");
  client.name = f.text("name");
  client.enabled = f.boolean("enabled", true);
  const auto method =
      parse_auth_method(f.text("token_endpoint_auth_method", "client_secret_basic"));
  if (method) {
    client.auth_method = *method;
  } else {
    f.fault("token_endpoint_auth_method",
            "is not one of client_secret_basic, client_secret_post, client_secret_jwt, "
            "private_key_jwt, none");
  }
  if (const std::string alg = f.text("token_endpoint_auth_signing_alg"); !alg.empty()) {
    client.auth_alg = jose::parse_jws_alg(alg);
    if (!client.auth_alg) f.fault("token_endpoint_auth_signing_alg", "is not a known algorithm");
  }
  client.stored_secret = f.text("stored_secret");
  if (const json::Object* jwks = f.object("jwks")) {
    auto set = jose::JwkSet::parse(json::dump(*jwks));
    if (!set.ok()) {
      f.fault("jwks", set.error().detail);
    } else {
      for (const auto& skipped : set->skipped)
        f.fault("jwks", skipped.detail);
      for (auto& jwk : set->keys) {
        if (jwk.is_symmetric()) {
          f.fault("jwks", "holds a symmetric key; give public keys only");
        } else if (jwk.is_private()) {
          f.fault("jwks", "holds a private key; give public keys only");
        } else {
          client.keys.push_back(jose::Key::local(std::move(jwk)));
        }
      }
    }
  }
  client.grant_types = f.texts("grant_types", {"client_credentials"});
  for (const auto& grant : client.grant_types)
    if (grant != "client_credentials")
      f.fault("grant_types", quoted(grant) + " is not a grant of this server");
  client.has_scope_list = f.has("scopes");
  client.scopes = f.texts("scopes");
  client.default_scopes = f.texts("default_scopes");
  for (const auto* list : {&client.scopes, &client.default_scopes})
    for (const auto& scope : *list)
      if (!is_scope_token(scope))
        f.fault("scopes", quoted(scope) + " is not a scope token (RFC 6749 §3.3)");
  client.audience = f.texts("audience");
  if (const json::Object* access = f.object("access_token")) {
    json::Fields a(*access, "client.access_token");
    if (const auto text = a.text("format"); !text.empty()) {
      client.format = tokens::parse_token_format(text);
      if (!client.format) a.fault("format", "is not one of jwt, encrypted_jwt, opaque");
    }
    if (const auto text = a.text("signing_algorithm"); !text.empty()) {
      client.signing_alg = jose::parse_jws_alg(text);
      if (!client.signing_alg) a.fault("signing_algorithm", "is not a known algorithm");
    }
    if (a.has("lifetime"))
      client.lifetime = a.duration("lifetime", Seconds(600), Seconds(1), Seconds(86400));
    TRY(a.finish());
  }
  const std::string introspection = f.word("may_introspect", "own", {"none", "own", "realm"});
  client.introspection = introspection == "none"    ? Introspection::kNone
                         : introspection == "realm" ? Introspection::kRealm
                                                    : Introspection::kOwn;
  client.assertion_audience_endpoint =
      f.word("assertion_audience", "issuer", {"issuer", "issuer_or_endpoint"}) ==
      "issuer_or_endpoint";
  client.max_requests_per_second =
      static_cast<std::size_t>(f.integer("max_requests_per_second", 0, 0, kMostPerSecond));
  TRY(f.finish());
  TRY(check_whole(client));
  return client;
}

json::Value* sealed_secret_in(json::Object& document) {
  json::Value* stored = document.find("stored_secret");
  const std::string* text = stored ? stored->if_string() : nullptr;
  return text && form_of(*text) == SecretForm::kSealed ? stored : nullptr;
}

json::Object without_secret(const json::Object& document) {
  json::Object out;
  for (const auto& [name, value] : document)
    if (name != "stored_secret") out.set(name, value);
  out.set("has_secret", document.find("stored_secret") != nullptr);
  return out;
}

}  // namespace signet::oauth
