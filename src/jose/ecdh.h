#pragma once
// ECDH-ES of JWE (RFC 7518 §4.6, RFC 8037 §3.2).

#include "crypto/sender.h"
#include "jose/algorithm_info.h"
#include "jose/jwe.h"

namespace signet::jose {

/// The key derived from Z: of the content algorithm's size under its name for ECDH-ES, else of the
/// wrapping key's size under the name of `alg`.
SecretBytes derive_from_agreement(ByteView z, JweAlg alg, JweEnc enc, ByteView apu, ByteView apv);

/// The sender's side with a fresh ephemeral key, which is added to `members` as epk (and apu, apv).
/// With an issuer's secret (issuer_key.h) apu is what it needs to find the shared secret again.
Result<SecretBytes> agree_as_sender(const crypto::EcdhSender& sender, const EncryptOptions& options,
                                    ByteView agreement_secret, json::Object& members);

/// The recipient's side: "jwe_epk_invalid" for an epk that is missing, private, of another kind or
/// not a point of the curve.
Result<SecretBytes> agree_as_recipient(const Jwk& recipient, JweAlg alg, JweEnc enc,
                                       const json::Object& joint);

}  // namespace signet::jose
