#pragma once
// crypto: the only room with OpenSSL (and libsodium, nettle) in it. Everything here is a thin,
// typed door to a primitive that others wrote; formats (JOSE, keystores) are upstairs.

#include <cstddef>
#include <cstdint>
#include <string_view>

namespace signet::crypto {

enum class Hash : std::uint8_t { kSha1, kSha256, kSha384, kSha512 };
constexpr std::size_t hash_size(Hash hash) {
  switch (hash) {
    case Hash::kSha1:
      return 20;
    case Hash::kSha256:
      return 32;
    case Hash::kSha384:
      return 48;
    case Hash::kSha512:
      return 64;
  }
  return 0;
}

/// What an asymmetric key is. The curve is part of the kind: a P-384 key is never a P-256 key.
enum class KeyKind : std::uint8_t {
  kRsa,
  kEcP256,
  kEcP384,
  kEcP521,
  kEd25519,
  kX25519,
  kEd448,
  kX448,
  kSecp256k1,
  kDsa
};
std::string_view to_string(KeyKind kind);  ///< "RSA", "P-256", "Ed25519", ...

/// Signature schemes over asymmetric keys, in the form JOSE uses (ECDSA as R‖S).
enum class Signature : std::uint8_t {
  kRs256,
  kRs384,
  kRs512,
  kPs256,
  kPs384,
  kPs512,
  kEs256,
  kEs384,
  kEs512,
  kEdDsa
};
/// The kind of key the scheme needs (EdDSA: Ed25519).
KeyKind key_kind(Signature scheme);

}  // namespace signet::crypto
