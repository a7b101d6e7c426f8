#pragma once
// How an issuer opens again what it encrypted for others, without a trace in the token: content
// keys that only it can derive. For the sources of this room.

#include "jose/key.h"

namespace signet::jose {

/// A key derived (HKDF, RFC 5869, SHA-256) from the issuer's oct key for this one purpose:
/// "jwe_key_wrong" unless it is an oct key at hand, of at least 16 bytes, that is not for signing.
Result<SecretBytes> issuer_content_secret(const KeyPtr& key);
Result<SecretBytes> issuer_agreement_secret(const KeyPtr& key);

/// The content key of the token with this IV: HKDF-Expand (RFC 5869 §2.3, SHA-256, or SHA-512 for
/// keys of more than 32 bytes). Writes key_size(enc) bytes. To others it is as good as random, and
/// as fresh as the IV is.
void derive_content_key(ByteView content_secret, JweEnc enc, ByteView iv, std::uint8_t* out);

/// With ECDH-ES the content key comes from the agreement; its shared secret travels, wrapped for
/// the issuer (RFC 3394), as the token's agreement info `apu`.
Result<Bytes> wrap_agreement(ByteView agreement_secret, ByteView z);
/// `size`: of the shared secret. "jwe_decrypt_failed".
Result<SecretBytes> unwrap_agreement(ByteView agreement_secret, ByteView wrapped, std::size_t size);

}  // namespace signet::jose
