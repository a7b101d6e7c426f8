#pragma once
// A key that stays the same, so that seeds can be signed and sealed with it.

#include <array>
#include <string>

#include "base/base64.h"
#include "check.h"
#include "jose/key.h"

namespace fuzz {

/// The octets 0 to 31.
inline signet::jose::KeyPtr fixed_key() {
  signet::Bytes secret(32);
  for (std::size_t i = 0; i < secret.size(); ++i)
    secret[i] = static_cast<std::uint8_t>(i);
  return signet::jose::Key::local(signet::jose::Jwk::from_symmetric(signet::SecretBytes(secret)));
}

/// A compact JWS whose signature is right, whatever its header says.
inline std::string signed_by(const signet::jose::Key& key, std::string_view header,
                             std::string_view payload) {
  using namespace signet;
  std::string token = base64::url_encode(as_bytes(header));
  token += '.';
  base64::url_append(token, as_bytes(payload));
  std::array<std::uint8_t, 32> signature;
  FUZZ_CHECK(key.sign(jose::JwsAlg::kHs256, as_bytes(token), signature.data()).ok());
  token += '.';
  base64::url_append(token, signature);
  return token;
}

}  // namespace fuzz
