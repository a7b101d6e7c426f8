#pragma once
// Keys for tests, made once per program.

#include "crypto/key.h"
#include "secrets/secret.h"

namespace signet::secrets::test {

inline jose::Jwk make_key(crypto::KeyKind kind, std::size_t bits = 0) {
  return jose::Jwk::from_private(crypto::PrivateKey::generate(kind, bits).value());
}
inline const jose::Jwk& rsa() {
  static const jose::Jwk key = make_key(crypto::KeyKind::kRsa, 2048);
  return key;
}
inline const jose::Jwk& p256() {
  static const jose::Jwk key = make_key(crypto::KeyKind::kEcP256);
  return key;
}
inline const jose::Jwk& p384() {
  static const jose::Jwk key = make_key(crypto::KeyKind::kEcP384);
  return key;
}
inline const jose::Jwk& ed25519() {
  static const jose::Jwk key = make_key(crypto::KeyKind::kEd25519);
  return key;
}

/// A symmetric key without a pattern; another seed is another key.
inline SecretBytes bytes(std::size_t size, std::uint64_t seed = 1) {
  SecretBytes out(size);
  std::uint64_t x = seed * 0x9E3779B97F4A7C15u + 1;
  for (auto& byte : out.span()) {
    x ^= x << 13;
    x ^= x >> 7;
    x ^= x << 17;
    byte = static_cast<std::uint8_t>(x >> 24);
  }
  return out;
}
inline jose::Jwk oct(std::size_t size, std::uint64_t seed = 1) {
  return jose::Jwk::from_symmetric(bytes(size, seed));
}
inline Secret named(jose::Jwk jwk, const char* alias, const char* store = "store") {
  Secret secret = Secret::of_key(std::move(jwk));
  secret.alias = Alias(alias);
  secret.store = StoreName(store);
  return secret;
}
inline jose::Jwk public_half(const jose::Jwk& jwk) {
  return jose::Jwk::from_public(*jwk.public_key());
}

}  // namespace signet::secrets::test
