#pragma once
// tokens: what tokens look like. Claims, formats, which secret ID makes which kind of token.

#include <array>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "base/random.h"
#include "jose/jwt.h"
#include "secrets/secret_id.h"

namespace signet::tokens {

enum class TokenFormat : std::uint8_t { kJwt, kEncryptedJwt, kOpaque };
std::string_view to_string(TokenFormat format);
std::optional<TokenFormat> parse_token_format(std::string_view text);

/// The secret ID whose active key signs access tokens by this algorithm. EdDSA has no ID of its own
/// among the stateless ones, so it shares the OpenID Connect one (docs/adr/0004).
const secrets::SecretId& signing_id(jose::JwsAlg alg);
/// Every ID that may sign access tokens, each once.
const std::vector<secrets::SecretId>& access_token_signing_ids();
/// The ID whose active key encrypts access tokens (`dir`, A128CBC-HS256).
const secrets::SecretId& encryption_id();

/// The media type in the header of access tokens (RFC 9068 §2.1).
inline constexpr std::string_view kAccessTokenType = "at+jwt";
/// The content type of an encrypted token that holds a signed one (RFC 7519 §5.2).
inline constexpr std::string_view kNestedContentType = "JWT";
/// The claim that only the server itself can read.
inline constexpr std::string_view kPrivateClaim = "_pvt";
inline constexpr std::string_view kPrivateClaimType = "pvt+json";

/// The claims of an access token that are the same for every token of a client and scope, made
/// ready as the beginning of a JSON object. Immutable.
struct ClaimsTemplate {
  std::string prefix;  ///< {"iss":...,"sub":...,"client_id":...,"aud":...,"scope":...
  std::string scope;
};
ClaimsTemplate make_claims_template(std::string_view issuer, std::string_view subject,
                                    std::string_view client_id,
                                    const std::vector<std::string>& audience,
                                    std::string_view scope, const json::Object& more = {});

/// 128 random bits as 22 characters of base64url.
struct TokenId {
  char text[22];
  std::string_view view() const { return {text, sizeof text}; }
};
TokenId make_token_id(Random& random);

/// Appends the whole claims object: the template plus iat, exp and jti.
void append_claims(std::string& out, const ClaimsTemplate& ready, Instant issued, Instant expires,
                   const TokenId& id);

/// An opaque token: "sgo_", then in base64url the moment of issue (48 bits, milliseconds) and 256
/// random bits. The moment comes first so that storage finds tokens of one time side by side: a
/// group of new ones touches a few pages of an index, not one page each.
inline constexpr std::string_view kOpaquePrefix = "sgo_";
inline constexpr std::size_t kOpaqueSize = 4 + 51;
void append_opaque(std::string& out, Instant issued, Random& random);
/// What an opaque token is found by, and all that is ever stored of it: the moment and 208 bits of
/// the token's SHA-256.
using OpaqueKey = std::array<std::uint8_t, 32>;
OpaqueKey opaque_key(std::string_view token);
/// Hash of a jti, for the deny list: realms are kept apart by the caller.
Bytes token_id_hash(std::string_view jti);

/// What a token looks like from outside, without any key.
enum class Shape : std::uint8_t { kJws, kJwe, kOpaque, kUnknown };
Shape shape_of(std::string_view token);

}  // namespace signet::tokens
