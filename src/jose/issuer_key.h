#pragma once
// How an issuer keeps the content keys of tokens that it encrypts for others: for the sources of
// this room.

#include "jose/key.h"

namespace signet::jose {

/// The protected header member that holds base64url of the content key, wrapped (RFC 3394) under
/// issuer_wrapping_key().
inline constexpr std::string_view kIssuerMember = "_pvt";
inline constexpr std::string_view kIssuerMemberStart = ",\"_pvt\":\"";  ///< after another member

/// An AES-256 key derived (RFC 5869, SHA-256) from the issuer's oct key, which serves nothing else:
/// "jwe_key_wrong" unless it is an oct key at hand, of at least 16 bytes, that is not for signing.
Result<SecretBytes> issuer_wrapping_key(const KeyPtr& key);

}  // namespace signet::jose
