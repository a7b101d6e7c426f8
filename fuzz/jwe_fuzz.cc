// The first byte chooses: a token as it comes, or a header and a plaintext (split at the first line
// feed) that are sealed with the fixed key, so that what lies behind the tag is reached too, or a
// content that is encrypted for a recipient and for the issuer, or a message to several recipients
// (header, one recipient and plaintext, a line each), or a message by any algorithm in which one
// place is damaged.
#include <array>

#include "base/base64.h"
#include "check.h"
#include "crypto/cipher.h"
#include "fixed_key.h"
#include "input.h"
#include "jose/content.h"
#include "jose/encryptor.h"
#include "jose/jwe.h"
#include "jose/key_management.h"

namespace {

using namespace signet;
using namespace signet::jose;

const std::vector<KeyPtr>& keys() {
  static const std::vector<KeyPtr> made = {fuzz::fixed_key(), fuzz::fixed_pairs()[0],
                                           fuzz::fixed_pairs()[1]};
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

/// `plain` was sealed.
void check_opened(const DecryptedJwe& decrypted, std::string_view plain) {
  FUZZ_CHECK(decrypted.header.enc == JweEnc::kA256Gcm);
  if (decrypted.header.deflated) {
    FUZZ_CHECK(decrypted.plain.size() <= options().max_inflated);
    FUZZ_CHECK(decrypted.plain.size() <= plain.size() * options().max_inflate_ratio);
  } else {
    FUZZ_CHECK(as_text(decrypted.plain.view()) == plain);
  }
  check_decrypted(decrypted);
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
  check_opened(*decrypted, plain);
}

json::Object message_to(json::Array recipients, const json::Object& content) {
  json::Object out = content;
  out.set("recipients", std::move(recipients));
  return out;
}

/// The content is sealed under any protected header, for a recipient of ours and before it one that
/// the input tells of: whoever opens it finds what was sealed, and where ours alone is refused, so
/// it is beside the other.
void address_and_try(std::string_view header, std::string_view entry, std::string_view plain) {
  static const Bytes cek(32, 3), iv(12, 1);
  static const json::Value ours = [] {
    const auto wrapped = crypto::aes_wrap(keys().front()->jwk().symmetric(), cek);
    FUZZ_CHECK(wrapped.ok());
    json::Object alg, made;
    alg.set("alg", "A256KW");
    made.set("header", std::move(alg));
    made.set("encrypted_key", base64::url_encode(*wrapped));
    return json::Value(std::move(made));
  }();
  static const json::Value unknown = *json::parse(R"({"header":{"alg":"HPKE-0"}})");
  const std::string encoded = base64::url_encode(as_bytes(header));
  const auto sealed = seal(JweEnc::kA256Gcm, cek, iv, as_bytes(encoded), as_bytes(plain));
  FUZZ_CHECK(sealed.ok());
  json::Object content;
  content.set("protected", encoded);
  content.set("iv", base64::url_encode(iv));
  content.set("ciphertext", base64::url_encode(sealed->ciphertext));
  content.set("tag", base64::url_encode(sealed->tag));

  DecryptOptions wide = options();
  wide.limits.max_token = SIZE_MAX;
  const auto opened = [&](json::Array recipients) {
    return decrypt_json(json::dump(message_to(std::move(recipients), content)), wide);
  };
  const auto alone = opened(json::Array{ours});
  if (alone.ok()) {
    FUZZ_CHECK(alone->header.alg == JweAlg::kA256Kw);
    check_opened(*alone, plain);
  }
  FUZZ_CHECK(opened(json::Array{unknown, ours}).ok() == alone.ok());
  const auto other = json::parse(entry);
  if (!other.ok()) return;
  const auto both = opened(json::Array{*other, ours});
  if (!both.ok()) return;
  FUZZ_CHECK(alone.ok());
  check_opened(*both, plain);
}

/// A message by the algorithms that the first two bytes choose, with what the third puts at the
/// place that the next two say: refused, or what was sealed.
void seal_and_damage(std::string_view text) {
  constexpr JweAlg kAlgs[] = {JweAlg::kDir,    JweAlg::kA256Kw,       JweAlg::kA256GcmKw,
                              JweAlg::kEcdhEs, JweAlg::kEcdhEsA128Kw, JweAlg::kPbes2Hs256A128Kw};
  constexpr JweEnc kEncs[] = {JweEnc::kA256Gcm, JweEnc::kA128CbcHs256};
  if (text.size() < 5) return;
  const auto byte = [&](std::size_t at) { return static_cast<std::uint8_t>(text[at]); };
  const JweAlg alg = kAlgs[byte(0) % std::size(kAlgs)];
  const JweEnc enc = kEncs[byte(1) % std::size(kEncs)];
  const bool by_pair = alg == JweAlg::kEcdhEs || alg == JweAlg::kEcdhEsA128Kw;
  const KeyPtr& key = keys()[by_pair ? 1 + byte(1) / 2 % 2 : 0];
  SeededRandom random(byte(0));
  const std::string_view plain = text.substr(5);
  const EncryptOptions how{alg, enc, {}, 1000, {}, {}, false};
  const std::vector<JsonRecipient> recipients(is_direct(alg) ? 1 : 1 + byte(1) / 4 % 2, {key, {}});
  auto made = encrypt_json(recipients, as_bytes(plain), how, as_bytes("context"), random);
  FUZZ_CHECK(made.ok());
  DecryptOptions wide = options();
  wide.limits.max_token = SIZE_MAX;
  const auto whole = decrypt_json(*made, wide);
  FUZZ_CHECK(whole.ok() && as_text(whole->plain.view()) == plain);
  (*made)[(byte(3) * 256U + byte(4)) % made->size()] = text[2];
  const auto damaged = decrypt_json(*made, wide);
  if (damaged.ok()) FUZZ_CHECK(as_text(damaged->plain.view()) == plain);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const auto [chosen, text] = fuzz::Chosen(data, size);
  if (chosen & 1) {
    try_token(text);
  } else if (chosen & 2) {
    seal_for_issuer_and_try(text);
  } else if (chosen & 4) {
    const auto [header, rest] = fuzz::cut_at_line(text);
    const auto [entry, plain] = fuzz::cut_at_line(rest);
    address_and_try(header, entry, plain);
  } else if (chosen & 8) {
    seal_and_damage(text);
  } else {
    const auto [header, plain] = fuzz::cut_at_line(text);
    seal_and_try(header, plain);
  }
  return 0;
}
