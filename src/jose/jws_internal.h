#pragma once
// What signing and the two forms of verification share.

#include "jose/header.h"
#include "jose/jws.h"

namespace signet::jose {

inline constexpr HeaderFaults kJwsFaults = {"jws_header_malformed", "jws_crit_unknown",
                                            "jws_crit_malformed"};

/// Bytes: of RSA with 16384 bits, the largest key that crypto takes.
inline constexpr std::size_t kMaxSignature = 2048;

/// One signature, split and decoded, before any key is used.
struct ParsedJws {
  JwsHeader header;
  bool has_kid = false;
  bool is_encoded = true;  ///< false: b64 is false (RFC 7797)
};

/// What b64 says of the payload (RFC 7797 §3): "jws_header_malformed" where it is no boolean,
/// "jws_crit_malformed" where it is false and not in `crit`, which RFC 7797 §6 asks for.
Result<bool> payload_is_encoded(const json::Object& protected_members);

/// `protected_members` are moved into the header; `unprotected` may be null.
Result<ParsedJws> interpret_header(json::Object protected_members, const json::Object* unprotected,
                                   std::span<const std::string_view> understood_crit);

/// Decodes the signature and tries the keys that the header's kid and the options leave.
Result<KeyPtr> find_verifying_key(const ParsedJws& parsed, std::string_view encoded_signature,
                                  ByteView signing_input, const VerifyOptions& options);

/// Least informative first.
inline constexpr std::string_view kJwsFailureOrder[] = {
    "jws_no_key",          "jws_crit_unknown",  "jws_alg_unknown",       "jws_kid_unknown",
    "jws_alg_not_allowed", "jws_key_too_short", "jws_signature_invalid", "key_is_remote"};

}  // namespace signet::jose
