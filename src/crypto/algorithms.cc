#include "crypto/algorithms.h"

namespace signet::crypto {

std::string_view to_string(KeyKind kind) {
  switch (kind) {
    case KeyKind::kRsa:
      return "RSA";
    case KeyKind::kEcP256:
      return "P-256";
    case KeyKind::kEcP384:
      return "P-384";
    case KeyKind::kEcP521:
      return "P-521";
    case KeyKind::kEd25519:
      return "Ed25519";
    case KeyKind::kX25519:
      return "X25519";
    case KeyKind::kEd448:
      return "Ed448";
    case KeyKind::kX448:
      return "X448";
    case KeyKind::kSecp256k1:
      return "secp256k1";
    case KeyKind::kDsa:
      return "DSA";
  }
  return "unknown";
}

KeyKind key_kind(Signature scheme) {
  switch (scheme) {
    case Signature::kEs256:
      return KeyKind::kEcP256;
    case Signature::kEs384:
      return KeyKind::kEcP384;
    case Signature::kEs512:
      return KeyKind::kEcP521;
    case Signature::kEdDsa:
      return KeyKind::kEd25519;
    default:
      return KeyKind::kRsa;
  }
}

}  // namespace signet::crypto
