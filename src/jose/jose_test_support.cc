#include "jose/jose_test_support.h"

#include "base/base64.h"
#include "base/text.h"
#include "jose/algorithm_info.h"
#include "jose/content.h"

namespace signet::jose::test {

Jwk jwk(std::string_view text) {
  return must(Jwk::parse(text));
}

KeyPtr key(std::string_view text) {
  return Key::local(jwk(text));
}

KeyPtr key(Jwk value) {
  return Key::local(std::move(value));
}

Jwk public_half(const Jwk& value) {
  return must(Jwk::parse(must(value.public_json())));
}

Jwk generated(crypto::KeyKind kind) {
  return Jwk::from_private(must(crypto::PrivateKey::generate(kind)));
}

Jwk symmetric(std::size_t size, std::uint8_t byte) {
  return Jwk::from_symmetric(SecretBytes(Bytes(size, byte)));
}

const KeyPtr& hmac_key() {
  static const KeyPtr made = key(kRfc7515A1Key);
  return made;
}

const KeyPtr& rsa_key() {
  static const KeyPtr made = key(kRfc7515A2Key);
  return made;
}

const KeyPtr& ec_key() {
  static const KeyPtr made = key(kRfc7515A3Key);
  return made;
}

const KeyPtr& ed_key() {
  static const KeyPtr made = key(kRfc8037Key);
  return made;
}

KeyPtr fitting(JweAlg alg, JweEnc enc) {
  static const KeyPtr rsa = key(jwk(kRfc7515A2Key).with_kid("r"));
  static const KeyPtr x25519 = key(generated(crypto::KeyKind::kX25519).with_kid("x"));
  const JweAlgInfo& row = info(alg);
  switch (row.family) {
    case JweFamily::kRsa:
      return rsa;
    case JweFamily::kEcdh:
      return x25519;
    case JweFamily::kDirect:
      return key(symmetric(key_size(enc)).with_kid("d"));
    case JweFamily::kPbes2:
      return key(Jwk::from_symmetric(SecretBytes::from_text("secret")));
    default:
      return key(symmetric(row.wrap_key_bytes).with_kid("w"));
  }
}

json::Object object(std::string_view text) {
  return must(json::parse_object(text));
}

std::string encoded(std::string_view text) {
  return base64::url_encode(as_bytes(text));
}

std::string changed(const std::string& text, std::string_view name, std::string_view value) {
  json::Object out = object(text);
  if (value.empty()) {
    out.erase(name);
  } else {
    out.set(name, must(json::parse(value)));
  }
  return json::dump(out);
}

std::string token_with_header(std::string_view header, std::string_view payload,
                              const KeyPtr& signer, JwsAlg alg) {
  std::string token = encoded(header) + '.' + encoded(payload);
  Bytes signature(signer->signature_size(alg));
  must(signer->sign(alg, as_bytes(token), signature.data()));
  return token + '.' + base64::url_encode(signature);
}

std::string dir_token(std::string_view header, ByteView plain, const KeyPtr& key, JweEnc enc) {
  const std::string first = encoded(header);
  const Bytes iv(info(enc).iv_bytes(), 9);
  const Sealed sealed = must(seal(enc, key->jwk().symmetric(), iv, as_bytes(first), plain));
  return first + ".." + base64::url_encode(iv) + '.' + base64::url_encode(sealed.ciphertext) + '.' +
         base64::url_encode(sealed.tag);
}

VerifyOptions with(std::span<const KeyPtr> keys, std::span<const JwsAlg> algs) {
  VerifyOptions options;
  options.keys = keys;
  options.algs = algs;
  return options;
}

DecryptOptions decrypt_with(std::span<const KeyPtr> keys, std::span<const JweAlg> algs) {
  DecryptOptions options;
  options.keys = keys;
  options.algs = algs;
  return options;
}

DecryptOptions allowing_all(std::span<const KeyPtr> keys) {
  DecryptOptions options = decrypt_with(keys);
  options.allow_rsa15 = true;
  options.allow_pbes2 = true;
  options.allow_deflate = true;
  return options;
}

EncryptOptions encryption(JweAlg alg, JweEnc enc) {
  return EncryptOptions{alg, enc, {}, 1000, {}, {}, alg == JweAlg::kRsa15};
}

ScriptedRandom::ScriptedRandom(std::vector<Bytes> pieces) : pieces_(std::move(pieces)) {}

void ScriptedRandom::fill(ByteSpan out) {
  if (next_ == pieces_.size() || pieces_[next_].size() != out.size())
    throw std::runtime_error("unexpected request for random bytes");
  std::copy(pieces_[next_].begin(), pieces_[next_].end(), out.begin());
  ++next_;
}

}  // namespace signet::jose::test
