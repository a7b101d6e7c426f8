#pragma once
// Helpers of this room's tests: fixed keys, and tokens with any header at all.

#include <array>
#include <stdexcept>
#include <string>

#include "base/base64.h"
#include "base/clock.h"
#include "jose/jwt.h"
#include "jose/rfc_examples.h"
#include "support/matchers.h"

namespace signet::jose::test {

using signet::test::fails;
using signet::test::fails_with_code;
using signet::test::is_ok;

/// The value, or an exception that names the failure.
template <class T>
T must(Result<T> result) {
  if (!result.ok())
    throw std::runtime_error(result.error().reason + (": " + result.error().detail));
  return std::move(result).value();
}

inline Jwk jwk(std::string_view text) {
  return must(Jwk::parse(text));
}
inline KeyPtr key(std::string_view text) {
  return Key::local(jwk(text));
}
inline KeyPtr key(Jwk value) {
  return Key::local(std::move(value));
}
/// The public half of a key as a verifier holds it.
inline Jwk public_half(const Jwk& value) {
  return must(Jwk::parse(must(value.public_json())));
}

/// An oct key of `size` equal bytes.
inline Jwk symmetric(std::size_t size, std::uint8_t byte = 7) {
  return Jwk::from_symmetric(SecretBytes(Bytes(size, byte)));
}

inline const KeyPtr& hmac_key() {
  static const KeyPtr made = key(kRfc7515A1Key);
  return made;
}
inline const KeyPtr& rsa_key() {
  static const KeyPtr made = key(kRfc7515A2Key);
  return made;
}
inline const KeyPtr& ec_key() {
  static const KeyPtr made = key(kRfc7515A3Key);
  return made;
}
inline const KeyPtr& ed_key() {
  static const KeyPtr made = key(kRfc8037Key);
  return made;
}

inline json::Object object(std::string_view text) {
  return must(json::parse_object(text));
}
inline std::string encoded(std::string_view text) {
  return base64::url_encode(as_bytes(text));
}

/// header.payload.signature with the header as it is given, signed by the key and algorithm named.
inline std::string token_with_header(std::string_view header, std::string_view payload,
                                     const KeyPtr& signer = hmac_key(),
                                     JwsAlg alg = JwsAlg::kHs256) {
  std::string token = encoded(header) + '.' + encoded(payload);
  Bytes signature(signer->signature_size(alg));
  must(signer->sign(alg, as_bytes(token), signature.data()));
  return token + '.' + base64::url_encode(signature);
}

inline VerifyOptions with(std::span<const KeyPtr> keys, std::span<const JwsAlg> algs = {}) {
  VerifyOptions options;
  options.keys = keys;
  options.algs = algs;
  return options;
}
inline DecryptOptions decrypt_with(std::span<const KeyPtr> keys,
                                   std::span<const JweAlg> algs = {}) {
  DecryptOptions options;
  options.keys = keys;
  options.algs = algs;
  return options;
}
inline EncryptOptions encryption(JweAlg alg, JweEnc enc) {
  return EncryptOptions{alg, enc, {}, 1000, {}, {}, alg == JweAlg::kRsa15};
}

/// Gives out bytes that the test chose, in their order; then throws.
class ScriptedRandom : public Random {
 public:
  explicit ScriptedRandom(std::vector<Bytes> pieces) : pieces_(std::move(pieces)) {}
  void fill(ByteSpan out) override {
    if (next_ == pieces_.size() || pieces_[next_].size() != out.size())
      throw std::runtime_error("unexpected request for random bytes");
    std::copy(pieces_[next_].begin(), pieces_[next_].end(), out.begin());
    ++next_;
  }

 private:
  std::vector<Bytes> pieces_;
  std::size_t next_ = 0;
};

}  // namespace signet::jose::test
