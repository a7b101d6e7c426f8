#pragma once
// What an RSA key must satisfy before it is used. Only for the sources of this room.

#include "crypto/key.h"

namespace signet::crypto {

inline constexpr std::size_t kRsaSmallest = 2048;
inline constexpr std::size_t kRsaLargest = 16384;

/// Sizes, oddness, exponent and ROCA fingerprint; see PublicKey. Big-endian without leading zeros.
Status check_rsa_public(ByteView n, ByteView e);

/// True if the modulus bears the fingerprint of CVE-2017-15361 (Nemec et al., "The Return of
/// Coppersmith's Attack", §2): modulo every small prime it is a power of 65537. One good modulus in
/// about 2^27 does by accident.
bool has_roca_fingerprint(ByteView n);

/// Fills in what may be left out of a private key (RFC 7518 §6.3.2: p, q, dp, dq, qi from d) and
/// checks all of it against the public part: "key_mismatch".
Result<RsaPrivateParts> complete_rsa_private(const RsaPublicParts& pub,
                                             const RsaPrivateParts& parts);

}  // namespace signet::crypto
