#pragma once
// Keys for tests, made once per program.

#include "crypto/key.h"
#include "secrets/secret.h"

namespace signet::secrets::test {

jose::Jwk make_key(crypto::KeyKind kind, std::size_t bits = 0);
const jose::Jwk& rsa();
const jose::Jwk& p256();
const jose::Jwk& p384();
const jose::Jwk& ed25519();

/// A symmetric key without a pattern; another seed is another key.
SecretBytes bytes(std::size_t size, std::uint64_t seed = 1);
jose::Jwk oct(std::size_t size, std::uint64_t seed = 1);
Secret named(jose::Jwk jwk, const char* alias, const char* store = "store");
jose::Jwk public_half(const jose::Jwk& jwk);

}  // namespace signet::secrets::test
