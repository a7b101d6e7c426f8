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

Jwk jwk(std::string_view text);
KeyPtr key(std::string_view text);
KeyPtr key(Jwk value);
/// The public half of a key as a verifier holds it.
Jwk public_half(const Jwk& value);

/// A new key.
Jwk generated(crypto::KeyKind kind);
/// An oct key of `size` equal bytes.
Jwk symmetric(std::size_t size, std::uint8_t byte = 7);

const KeyPtr& hmac_key();
const KeyPtr& rsa_key();
const KeyPtr& ec_key();
const KeyPtr& ed_key();
/// A key that fits the algorithm, the same each time where making one takes long.
KeyPtr fitting(JweAlg alg, JweEnc enc);

json::Object object(std::string_view text);
std::string encoded(std::string_view text);
/// The object with one member replaced by JSON text, or erased where that is empty.
std::string changed(const std::string& text, std::string_view name, std::string_view value);

/// header.payload.signature with the header as it is given, signed by the key and algorithm named.
std::string token_with_header(std::string_view header, std::string_view payload,
                              const KeyPtr& signer = hmac_key(), JwsAlg alg = JwsAlg::kHs256);

/// A `dir` token with any header at all.
std::string dir_token(std::string_view header, ByteView plain, const KeyPtr& key,
                      JweEnc enc = JweEnc::kA256Gcm);

VerifyOptions with(std::span<const KeyPtr> keys, std::span<const JwsAlg> algs = {});
DecryptOptions decrypt_with(std::span<const KeyPtr> keys, std::span<const JweAlg> algs = {});
/// The same with RSA1_5, PBES2 and compression switched on.
DecryptOptions allowing_all(std::span<const KeyPtr> keys);
EncryptOptions encryption(JweAlg alg, JweEnc enc);

/// Gives out bytes that the test chose, in their order; then throws.
class ScriptedRandom : public Random {
 public:
  explicit ScriptedRandom(std::vector<Bytes> pieces);
  void fill(ByteSpan out) override;

 private:
  std::vector<Bytes> pieces_;
  std::size_t next_ = 0;
};

}  // namespace signet::jose::test
