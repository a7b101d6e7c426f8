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

/// A key pair on P-256, and one of X25519.
inline const std::array<signet::jose::KeyPtr, 2>& fixed_pairs() {
  static const auto read = [](std::string_view text) {
    auto key = signet::jose::Jwk::parse(text);
    FUZZ_CHECK(key.ok());
    return signet::jose::Key::local(std::move(key).value());
  };
  static const std::array<signet::jose::KeyPtr, 2> made = {
      read(R"({"kty":"EC","crv":"P-256","x":"2EBx4y29ngzlO-UqiYUG4cjoc4l8t30mPmsh2Ne_Ntg",)"
           R"("y":"GC0XkKh1xGiUzh3e7kkXyXJXgEZPenCKz6wVl9dMjZc",)"
           R"("d":"TZf0279Yl7pHsJcXWKf44TkpxzS3mrMzcfaQ3ksbzb0"})"),
      read(R"({"kty":"OKP","crv":"X25519","x":"6fWtTHV5jhzW2mkjBpCfk4yjbCFUz9yeTIR3a-q-D2U",)"
           R"("d":"8KOjx_liQ1KZ03gQzDkydecO7Ugcny1s3VQGDhpg-lQ"})")};
  return made;
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
