#pragma once
// The raw operations under the encryption of a content key for one recipient.

#include "raw_ops.h"

namespace bench {

/// 32 bytes by RSA-OAEP with SHA-256, 2048 bits, in a prepared context.
RawOp openssl_rsa_oaep_256();
/// On P-256: a fresh key pair from a prepared generator, and the agreement with a fixed one.
RawOp openssl_ecdh_es();

}  // namespace bench
