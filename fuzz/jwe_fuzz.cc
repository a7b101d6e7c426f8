// The first byte chooses: a token as it comes, or a header and a plaintext (split at the first line
// feed) that are sealed with the fixed key, so that what lies behind the tag is reached too, or a
// content that is encrypted for a recipient and for the issuer.
#include "base/base64.h"
#include "check.h"
#include "fixed_key.h"
#include "input.h"
#include "jose/content.h"
#include "jose/encryptor.h"
#include "jose/jwe.h"

namespace {

using namespace signet;
using namespace signet::jose;

const std::vector<KeyPtr>& keys() {
  static const std::vector<KeyPtr> made = [] {
    std::vector<KeyPtr> all = {fuzz::fixed_key()};
    for (const auto kind : {crypto::KeyKind::kEcP256, crypto::KeyKind::kX25519}) {
      auto key = crypto::PrivateKey::generate(kind);
      FUZZ_CHECK(key.ok());
      all.push_back(Key::local(Jwk::from_private(std::move(key).value())));
    }
    return all;
  }();
  return made;
}

DecryptOptions options() {
  DecryptOptions made;
  made.keys = keys();
  made.allow_deflate = true;
  made.allow_pbes2 = true;
  made.max_pbes2_iterations = 1000;  // keeps the run fast
  return made;
}

void check_decrypted(const DecryptedJwe& decrypted) {
  static SystemRandom random;
  const EncryptOptions again{JweAlg::kDir, JweEnc::kA256Gcm, {}, 1000, {}, {}, false};
  const auto token = encrypt_compact(keys().front(), decrypted.plain.view(), again, random);
  FUZZ_CHECK(token.ok());
  DecryptOptions wide = options();
  wide.limits.max_token = SIZE_MAX;
  const auto plain = decrypt_compact(*token, wide);
  FUZZ_CHECK(plain.ok() && same_bytes(plain->plain.view(), decrypted.plain.view()));
}

void try_token(std::string_view token) {
  const auto header = parse_jwe_header(token);
  const auto compact = decrypt_compact(token, options());
  if (compact.ok()) {
    FUZZ_CHECK(header.ok());
    check_decrypted(*compact);
  }
  const auto parsed = decrypt_json(token, options());
  FUZZ_CHECK(!(compact.ok() && parsed.ok()));
  if (parsed.ok()) check_decrypted(*parsed);
  const auto own = decrypt_as_issuer(token, keys(), keys());
  if (own.ok()) {
    FUZZ_CHECK(header.ok());
    check_decrypted(*own);
  }
}

/// A token for a recipient and for the issuer with the text as content, whole and with one
/// character of it changed.
void seal_for_issuer_and_try(std::string_view text) {
  static SystemRandom random;
  static const Encryptor encryptor = [] {
    auto made = Encryptor::make(
        keys()[1], {JweAlg::kEcdhEs, JweEnc::kA128CbcHs256, {}, false, keys().front()});
    FUZZ_CHECK(made.ok());
    return std::move(made).value();
  }();
  std::string token;
  FUZZ_CHECK(encryptor.append(token, as_bytes(text), random).ok());
  Limits wide;
  wide.max_token = SIZE_MAX;
  const auto own = decrypt_as_issuer(token, keys(), {}, wide);
  FUZZ_CHECK(own.ok() && as_text(own->plain.view()) == text);
  if (text.size() < 2) return;
  const std::size_t at = static_cast<std::uint8_t>(text[0]) * token.size() / 256;
  if (token[at] == text[1]) return;
  token[at] = text[1];
  FUZZ_CHECK(!decrypt_as_issuer(token, keys(), {}, wide).ok());
}

void seal_and_try(std::string_view header, std::string_view plain) {
  const std::string encoded = base64::url_encode(as_bytes(header));
  const Bytes iv(12, 1);
  const auto sealed = seal(JweEnc::kA256Gcm, keys().front()->jwk().symmetric(), iv,
                           as_bytes(encoded), as_bytes(plain));
  FUZZ_CHECK(sealed.ok());
  const std::string token = encoded + ".." + base64::url_encode(iv) + '.' +
                            base64::url_encode(sealed->ciphertext) + '.' +
                            base64::url_encode(sealed->tag);
  const auto decrypted = decrypt_compact(token, options());
  if (!decrypted.ok()) return;
  FUZZ_CHECK(decrypted->header.alg == JweAlg::kDir);
  FUZZ_CHECK(decrypted->header.enc == JweEnc::kA256Gcm);
  if (decrypted->header.deflated) {
    FUZZ_CHECK(decrypted->plain.size() <= options().max_inflated);
    FUZZ_CHECK(decrypted->plain.size() <= plain.size() * options().max_inflate_ratio);
  } else {
    FUZZ_CHECK(as_text(decrypted->plain.view()) == plain);
  }
  check_decrypted(*decrypted);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const auto [chosen, text] = fuzz::Chosen(data, size);
  if (chosen & 1) {
    try_token(text);
  } else if (chosen & 2) {
    seal_for_issuer_and_try(text);
  } else {
    const auto [header, plain] = fuzz::cut_at_line(text);
    seal_and_try(header, plain);
  }
  return 0;
}
