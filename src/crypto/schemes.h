#pragma once
// What OpenSSL needs to know of each scheme. Only for the sources of this room.

#include "crypto/key.h"
#include "crypto/openssl_ptr.h"

namespace signet::crypto {

Hash hash_of(Signature scheme);  ///< not for EdDSA
bool is_ecdsa(Signature scheme);

/// A context that signs or verifies digests with that key, all parameters set. Null on failure.
PkeyCtxPtr prepare(EVP_PKEY* pkey, Signature scheme, bool to_sign);

/// A thread's own key and context. A copy of the key, not a reference: RSA keys keep their blinding
/// and Montgomery numbers behind a lock that two threads would wait for.
struct Prepared {
  PkeyPtr pkey;
  PkeyCtxPtr ctx;
};
/// Never null; its ctx is null on failure.
std::unique_ptr<Prepared> prepare_copy(EVP_PKEY* pkey, Signature scheme, bool to_sign);

Status check_fits(KeyKind kind, Signature scheme);  ///< "key_wrong_kind"

}  // namespace signet::crypto
