#pragma once
// What is inside the keys. Only for the sources of this room.

#include "base/worker.h"
#include "crypto/key.h"
#include "crypto/openssl_ptr.h"

namespace signet::crypto {

struct PublicKey::Impl {
  PkeyPtr pkey;
  KeyKind kind;
  Bytes first;   ///< n, or x
  Bytes second;  ///< e, or y; empty for OKP
};

struct PrivateKey::Impl {
  PkeyPtr pkey;
  PublicKey pub;
  SecretBytes okp_d;  ///< only for Ed25519 and X25519
  SecretBytes pkcs8;  ///< as it was read, so that what goes out is what came in; may be empty
  /// Copies to decrypt with, one for each thread: see Prepared in schemes.h.
  PerWorker<PkeyPtr> copies{};
};

/// Bytes: no file of one key is larger.
inline constexpr std::size_t kLargestDer = 64 * 1024;

constexpr bool is_nist_curve(KeyKind kind) {
  return kind == KeyKind::kEcP256 || kind == KeyKind::kEcP384 || kind == KeyKind::kEcP521;
}
/// Bytes of a coordinate or an OKP key; 0 for other kinds.
std::size_t field_bytes(KeyKind kind);
/// Bytes of a signature by such a key (ECDSA: the two numbers side by side).
std::size_t signature_size(const PublicKey& key);
/// OpenSSL's name of the group or key type, e.g. "P-256", "ED25519".
const char* openssl_name(KeyKind kind);

/// The same key built anew from its numbers, with every check of PublicKey.
Result<PublicKey> public_from_pkey(const EVP_PKEY* pkey);
/// Takes a key that OpenSSL has read; `pkcs8` may be empty.
Result<PrivateKey> private_from_pkey(PkeyPtr pkey, SecretBytes pkcs8);

Error malformed_key(std::string_view what);

}  // namespace signet::crypto
