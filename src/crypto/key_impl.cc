#include "crypto/key_impl.h"

namespace signet::crypto {

std::size_t field_bytes(KeyKind kind) {
  switch (kind) {
    case KeyKind::kEcP256:
      return 32;
    case KeyKind::kEcP384:
      return 48;
    case KeyKind::kEcP521:
      return 66;
    case KeyKind::kEd25519:
    case KeyKind::kX25519:
      return 32;
    default:
      return 0;
  }
}

std::size_t signature_size(const PublicKey& key) {
  return key.kind() == KeyKind::kRsa ? key.impl().first.size() : 2 * field_bytes(key.kind());
}

const char* openssl_name(KeyKind kind) {
  switch (kind) {
    case KeyKind::kEcP256:
      return "P-256";
    case KeyKind::kEcP384:
      return "P-384";
    case KeyKind::kEcP521:
      return "P-521";
    case KeyKind::kEd25519:
      return "ED25519";
    case KeyKind::kX25519:
      return "X25519";
    default:
      return "RSA";
  }
}

Error malformed_key(std::string_view what) {
  return library_error(Code::kInvalid, "key_malformed", what);
}

}  // namespace signet::crypto
