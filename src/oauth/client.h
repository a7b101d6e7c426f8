#pragma once

#include <optional>
#include <string>
#include <vector>

#include "base/json.h"
#include "base/strong.h"
#include "jose/key.h"
#include "tokens/format.h"

namespace signet::oauth {

/// How a client proves who it is (OpenID Connect Core §9, RFC 7591 §2).
enum class AuthMethod : std::uint8_t { kNone, kBasic, kPost, kSecretJwt, kPrivateKeyJwt };
std::string_view to_string(AuthMethod method);

/// What a client may ask of the introspection endpoint.
enum class Introspection : std::uint8_t {
  kNone,
  kOwn,    ///< tokens issued to itself, or whose audience it is
  kRealm,  ///< every token of the realm: a resource server's gateway
};

/// A registered client. Immutable once made.
struct Client {
  ClientId id;
  std::string name;
  bool enabled = true;
  AuthMethod auth_method = AuthMethod::kBasic;
  /// Pins the algorithm of assertions (RFC 8725 §3.1); empty: any that the method and keys allow.
  std::optional<jose::JwsAlg> auth_alg;
  /// As stored, never the secret itself: "sha256$salt$hash", "$argon2id$..." or, for clients whose
  /// algorithm needs the value, a text sealed under the server's encryption key ("SGN1....").
  std::string stored_secret;
  std::vector<jose::KeyPtr> keys;  ///< public keys of private_key_jwt
  std::vector<std::string> grant_types;
  /// Without a list of its own a client may ask for every scope that is defined; with one, for
  /// those of them that it names.
  bool has_scope_list = false;
  std::vector<std::string> scopes, default_scopes;
  std::vector<std::string> audience;  ///< empty: the realm's default
  std::optional<tokens::TokenFormat> format;
  std::optional<jose::JwsAlg> signing_alg;
  std::optional<Seconds> lifetime;
  Introspection introspection = Introspection::kOwn;
  /// Takes the token endpoint's URL as an assertion's audience too (older client libraries).
  bool assertion_audience_endpoint = false;
  std::size_t max_requests_per_second = 0;  ///< at each instance; 0: no limit of its own

  bool may_use(std::string_view grant_type) const;

  /// kConfig "settings_invalid" with every fault, "client_contradiction".
  static Result<Client> from_json(const json::Object& document);
};

/// Where the document keeps the secret in a form that opens again; null where it does not.
json::Value* sealed_secret_in(json::Object& document);

/// The document as the admin API shows it: without stored_secret, with has_secret.
json::Object without_secret(const json::Object& document);

}  // namespace signet::oauth
