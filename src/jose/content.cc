#include "jose/content.h"

#include <array>

#include "base/text.h"
#include "crypto/digest.h"

namespace signet::jose {
namespace {

constexpr std::size_t kCbcBlock = 16;

/// RFC 7518 §5.2.2.1: HMAC over AAD ‖ IV ‖ ciphertext ‖ bit length of AAD, cut to half the key.
std::array<std::uint8_t, 64> cbc_tag(const JweEncInfo& row, ByteView cek, ByteView iv, ByteView aad,
                                     ByteView ciphertext) {
  std::array<std::uint8_t, 8> bits;
  const std::uint64_t count = std::uint64_t{aad.size()} * 8;
  for (std::size_t i = 0; i < 8; ++i)
    bits[i] = static_cast<std::uint8_t>(count >> (56 - 8 * i));
  std::array<std::uint8_t, 64> tag;
  crypto::hmac(row.hash, cek.first(row.key_bytes / 2), {aad, iv, ciphertext, bits}, tag.data());
  return tag;
}

}  // namespace

Error decrypt_failed() {
  return {Code::kDenied, "jwe_decrypt_failed", "the token cannot be decrypted with the keys here"};
}

std::size_t sealed_size(JweEnc enc, std::size_t plain) {
  return info(enc).is_gcm ? plain : crypto::cbc_size(plain);
}

Status seal(JweEnc enc, ByteView cek, ByteView iv, ByteView aad, ByteView plain,
            std::uint8_t* ciphertext, std::uint8_t* tag) {
  const JweEncInfo& row = info(enc);
  if (cek.size() != row.key_bytes || iv.size() != row.iv_bytes())
    return Error{Code::kInternal, "jwe_key_wrong", "content key or IV of a wrong size"};
  if (row.is_gcm) return crypto::gcm_encrypt(cek, iv, aad, plain, ciphertext, tag);
  TRY(crypto::cbc_encrypt(cek.subspan(row.key_bytes / 2), iv, plain, ciphertext));
  const auto whole = cbc_tag(row, cek, iv, aad, {ciphertext, sealed_size(enc, plain.size())});
  std::copy_n(whole.begin(), row.tag_bytes(), tag);
  return Done{};
}

Result<Sealed> seal(JweEnc enc, ByteView cek, ByteView iv, ByteView aad, ByteView plain) {
  Sealed sealed{Bytes(sealed_size(enc, plain.size())), Bytes(info(enc).tag_bytes())};
  TRY(seal(enc, cek, iv, aad, plain, sealed.ciphertext.data(), sealed.tag.data()));
  return sealed;
}

Result<SecretBytes> open(JweEnc enc, ByteView cek, ByteView iv, ByteView aad, ByteView ciphertext,
                         ByteView tag) {
  const JweEncInfo& row = info(enc);
  if (cek.size() != row.key_bytes || iv.size() != row.iv_bytes() || tag.size() != row.tag_bytes())
    return decrypt_failed();
  if (row.is_gcm) {
    SecretBytes plain(ciphertext.size());
    if (!crypto::gcm_decrypt(cek, iv, aad, ciphertext, tag, plain.span().data()).ok())
      return decrypt_failed();
    return plain;
  }
  const auto expected = cbc_tag(row, cek, iv, aad, ciphertext);
  if (!constant_time_equal(ByteView(expected).first(row.tag_bytes()), tag)) return decrypt_failed();
  // An authentic message can still be no CBC ciphertext (CVE-2026-116585).
  if (ciphertext.empty() || ciphertext.size() % kCbcBlock != 0) return decrypt_failed();
  auto plain = crypto::cbc_decrypt(cek.subspan(row.key_bytes / 2), iv, ciphertext);
  if (!plain.ok()) return decrypt_failed();
  return plain;
}

}  // namespace signet::jose
