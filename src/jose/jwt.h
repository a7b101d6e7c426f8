#pragma once
// JSON Web Token claims (RFC 7519, RFC 8725) on top of a verified JWS.

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "jose/jwe.h"

namespace signet::jose {

/// What must hold of the claims. Everything not set is not checked, except that registered claims
/// of a wrong JSON type are always refused ("jwt_claims_malformed").
struct ClaimRules {
  Instant now;
  Seconds skew{60};
  std::optional<std::string> issuer;         ///< exact: "jwt_issuer"
  std::vector<std::string> audience_any_of;  ///< at least one: "jwt_audience"
  bool audience_exclusive = false;           ///< every aud must be one of them
  bool require_exp = true;                   ///< "jwt_exp_missing"
  bool require_iat = false;
  bool require_jti = false;
  std::optional<Seconds> max_lifetime;  ///< exp − (iat or now): "jwt_lifetime"
  /// Header typ, by the media-type rules of RFC 7515 §4.1.9: "jwt_typ".
  std::vector<std::string> typ_any_of;
};

struct Claims {
  json::Object members;
  std::string issuer, subject, jwt_id;
  std::vector<std::string> audience;
  std::optional<Instant> expires, not_before, issued_at;
};

/// Parses claims: a UTF-8 JSON object without duplicates; NumericDates are finite numbers.
Result<Claims> parse_claims(ByteView payload, const Limits& limits = {});
/// "jwt_expired" at exp + skew and after, "jwt_not_yet_valid", "jwt_issued_in_future", and above.
Status check_claims(const JwsHeader& header, const Claims& claims, const ClaimRules& rules);

struct VerifiedJwt {
  JwsHeader header;
  Claims claims;
  KeyPtr key;
};
/// Signature, then claims, in one call.
Result<VerifiedJwt> verify_jwt(std::string_view token, const VerifyOptions& keys,
                               const ClaimRules& rules);
/// The second half of verify_jwt(), for a signature that was verified elsewhere (a box).
Result<VerifiedJwt> check_jwt(VerifiedJws jws, const Limits& limits, const ClaimRules& rules);
/// A nested JWT: decrypt (cty "JWT" required, at most two layers of JWE), then as verify_jwt.
Result<VerifiedJwt> verify_nested_jwt(std::string_view token, const DecryptOptions& decrypt,
                                      const VerifyOptions& keys, const ClaimRules& rules);

}  // namespace signet::jose
