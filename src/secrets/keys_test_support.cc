#include "secrets/test_keys.h"

namespace signet::secrets::test {

jose::Jwk make_key(crypto::KeyKind kind, std::size_t bits) {
  return jose::Jwk::from_private(crypto::PrivateKey::generate(kind, bits).value());
}
const jose::Jwk& rsa() {
  static const jose::Jwk key = make_key(crypto::KeyKind::kRsa, 2048);
  return key;
}
const jose::Jwk& p256() {
  static const jose::Jwk key = make_key(crypto::KeyKind::kEcP256);
  return key;
}
const jose::Jwk& p384() {
  static const jose::Jwk key = make_key(crypto::KeyKind::kEcP384);
  return key;
}
const jose::Jwk& ed25519() {
  static const jose::Jwk key = make_key(crypto::KeyKind::kEd25519);
  return key;
}

SecretBytes bytes(std::size_t size, std::uint64_t seed) {
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
jose::Jwk oct(std::size_t size, std::uint64_t seed) {
  return jose::Jwk::from_symmetric(bytes(size, seed));
}
Secret named(jose::Jwk jwk, const char* alias, const char* store) {
  Secret secret = Secret::of_key(std::move(jwk));
  secret.alias = Alias(alias);
  secret.store = StoreName(store);
  return secret;
}
jose::Jwk public_half(const jose::Jwk& jwk) {
  return jose::Jwk::from_public(*jwk.public_key());
}

}  // namespace signet::secrets::test
