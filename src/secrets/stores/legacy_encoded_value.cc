#include "secrets/stores/legacy_encoded_value.h"

#include <algorithm>
#include <array>

#include "base/text.h"
#include "crypto/cipher.h"
#include "crypto/kdf.h"

namespace signet::secrets {
namespace {

constexpr std::size_t kDesBlock = 8;
constexpr std::size_t kJceHeader = 3;  // 01 02 02: version, algorithm, encoding
constexpr std::uint32_t kJceIterations = 5;

Error undecodable() {
  return Error{
      Code::kConfig, "encoded_value_undecodable",
      "a JCEEncryption value does not decode: it is damaged, or it was written under another "
      "am.encryption.pwd"};
}

// Nothing in this form protects its integrity. What can be checked is checked: the IV in the value
// is derived from the password alone, the padding must be whole, and the text must be UTF-8.
Result<SecretBytes> decode_jce(ByteView raw, ByteView password) {
  if (raw.size() < kJceHeader + 2 * kDesBlock) {
    return Error{Code::kConfig, "encoded_value_truncated", "a JCEEncryption value is too short"};
  }
  if (raw[1] != 2 || raw[2] != 2 || raw.size() % kDesBlock != kJceHeader) return undecodable();
  std::array<std::uint8_t, kDesBlock> salt{};
  salt.fill(1);
  const SecretBytes derived = crypto::pbkdf1_md5(password, salt, kJceIterations);
  const ByteView key = derived.view().first(kDesBlock);
  const ByteView iv = derived.view().subspan(kDesBlock, kDesBlock);
  if (!constant_time_equal(iv, raw.subspan(kJceHeader, kDesBlock))) return undecodable();
  auto plain = crypto::des_cbc_decrypt(key, iv, raw.subspan(kJceHeader + kDesBlock));
  if (!plain || !is_utf8(as_text(plain->view()))) return undecodable();
  return std::move(plain).value();
}

Error damaged() {
  return Error{
      Code::kConfig, "encoded_value_damaged",
      "an AESWrapEncryption value does not authenticate: it is damaged, or password, digest, "
      "iterations or key size are not those it was written with"};
}

Result<SecretBytes> unpad(SecretBytes padded) {
  const ByteView bytes = padded.view();
  if (bytes.empty() || bytes.size() % kDesBlock != 0) return damaged();
  const std::size_t count = bytes.back();
  if (count == 0 || count > kDesBlock) return damaged();
  const ByteView padding = bytes.last(count);
  if (!std::all_of(padding.begin(), padding.end(), [&](auto b) { return b == count; })) {
    return damaged();
  }
  padded.truncate(bytes.size() - count);
  return padded;
}

Result<SecretBytes> decode_aes_wrap(ByteView raw, const LegacyEncoding& legacy) {
  constexpr std::size_t kSaltAt = 2;
  constexpr std::size_t kSaltSize = 16;
  if (raw.size() < kSaltAt + kSaltSize + 2 * kDesBlock) {
    return Error{Code::kConfig, "encoded_value_truncated",
                 "an AESWrapEncryption value is too short"};
  }
  if (raw[1] != kSaltSize) return damaged();
  const ByteView wrapped = raw.subspan(kSaltAt + kSaltSize);
  if (wrapped.size() % kDesBlock != 0) return damaged();
  const SecretBytes key =
      crypto::pbkdf2(legacy.digest, legacy.password.view(), raw.subspan(kSaltAt, kSaltSize),
                     legacy.iterations, legacy.key_bits / 8);
  auto padded = crypto::aes_unwrap(key.view(), wrapped);
  if (!padded) padded = crypto::aes_unwrap_padded(key.view(), wrapped);
  if (!padded) return damaged();
  return unpad(std::move(padded).value());
}

}  // namespace

Result<SecretBytes> decode_legacy(ByteView raw, const LegacyEncoding& legacy) {
  if (!raw.empty() && raw[0] == 1) return decode_jce(raw, legacy.password.view());
  return decode_aes_wrap(raw, legacy);
}

}  // namespace signet::secrets
