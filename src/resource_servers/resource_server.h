#pragma once
// resource_servers: what operators say about the APIs that accept our access tokens: how a token
// meant for one is encrypted, which scopes it defines, and which of them a request selects.

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/json.h"
#include "base/strong.h"
#include "jose/jwk.h"
#include "tokens/format.h"

namespace signet::resource_servers {

/// The resource server that every realm has from the start.
inline constexpr std::string_view kIdentityProvider = "Identity Provider";

/// A member of stored documents alone: true in that of the built-in one, whose name may change.
inline constexpr std::string_view kBuiltIn = "built_in";

/// Kinds of documents in storage; the id is the resource server's name, its URI, the scope's name,
/// or kStateId.
inline constexpr std::string_view kKind = "resource_server";
inline constexpr std::string_view kUriKind = "resource_server_uri";
inline constexpr std::string_view kScopeKind = "scope";
inline constexpr std::string_view kStateKind = "resource_server_state";
inline constexpr std::string_view kStateId = "state";
/// No token of any realm lives longer.
inline constexpr Seconds kLongestTokenLife{86400};

enum class Encryption : std::uint8_t {
  kAsRealm,  ///< the built-in one only: as realm and client say
  kNone,
  kServerKey,
  kResourceServerKey,
};
std::string_view to_string(Encryption encryption);

/// A scope is defined at one resource server and may be granted in a token for any.
struct ScopeDefinition {
  enum class Include : std::uint8_t { kUserAttributes, kPermissions };
  std::string name;         ///< a scope token of at most 60 characters
  std::string description;  ///< shown where consent is asked for
  Include include = Include::kPermissions;
  std::vector<std::string> values;  ///< names of attributes, or the permissions themselves
  bool needs_consent = false;
  bool in_access_token = true;
  bool in_id_token = false;

  /// kConfig "settings_invalid".
  static Result<ScopeDefinition> from_json(const json::Object& object);
};

/// One resource server, checked. Immutable once made; may hold symmetric keys.
struct ResourceServer {
  std::string name;
  std::string description;
  std::string uri;  ///< RFC 8707: what `resource` names and `aud` holds; empty: the name stands in
  Encryption encryption = Encryption::kServerKey;
  std::vector<jose::Jwk> keys;  ///< inline ones; with `kids` checked
  std::string jwks_uri;
  std::optional<jose::JweAlg> key_alg;  ///< set where encryption is kResourceServerKey
  jose::JweEnc content_enc = jose::JweEnc::kA128CbcHs256;
  std::string key_id;         ///< the kid to use; empty: the first key that fits
  bool allow_legacy = false;  ///< RSA1_5 and PBES2
  std::optional<tokens::TokenFormat> format;
  std::optional<jose::JwsAlg> signing_alg;
  std::optional<Seconds> lifetime;
  std::vector<ScopeDefinition> scopes;

  /// As stored, with inline keys in `access_token.jwks`. kConfig "settings_invalid" with every
  /// fault, "resource_server_contradiction"; what parse_key_set() says of inline keys.
  static Result<ResourceServer> from_json(const json::Object& document);
  /// The one that nobody has written: as realm and client say.
  static ResourceServer identity_provider(std::string name);
  /// What stands in the claim `aud` of its tokens; empty for the built-in one without a URI: the
  /// client's or the realm's audience.
  std::string audience() const;
};

/// 1 to 128 bytes of UTF-8 without ASCII control characters, none of / \ % ;, neither first nor
/// last a space: names stand in paths.
bool is_resource_server_name(std::string_view text);

/// An absolute URI without fragment (RFC 8707 §2), at most 2,048 bytes.
bool is_resource_uri(std::string_view text);

}  // namespace signet::resource_servers
