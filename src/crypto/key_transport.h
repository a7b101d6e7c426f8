#pragma once
// Steps that RSA encryption and key agreement share. Only for the sources of this room.

#include "crypto/cipher.h"
#include "crypto/key_impl.h"

namespace signet::crypto {

Error wrong_kind(KeyKind kind);  ///< "key_wrong_kind"

/// A context that encrypts, all parameters set. Null on failure.
PkeyCtxPtr prepare_rsa_encryption(EVP_PKEY* pkey, RsaPadding padding);

/// ECDH of keys of one kind that can agree: Z, or "decrypt_failed" for an all-zero X25519 result.
Result<SecretBytes> derive_shared_secret(EVP_PKEY* mine, const PublicKey& theirs);

}  // namespace signet::crypto
