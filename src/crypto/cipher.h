#pragma once
// Symmetric and asymmetric encryption primitives under JWE.

#include "crypto/key.h"

namespace signet::crypto {

/// AES-GCM, 96-bit IV, 128-bit tag (NIST SP 800-38D). Key 16, 24 or 32 bytes.
Status gcm_encrypt(ByteView key, ByteView iv, ByteView aad, ByteView plain, std::uint8_t* out,
                   std::uint8_t* tag16);
/// "decrypt_failed" unless the tag is exactly 16 bytes and right; `out` is then wiped.
Status gcm_decrypt(ByteView key, ByteView iv, ByteView aad, ByteView cipher, ByteView tag,
                   std::uint8_t* out);

/// AES-CBC with PKCS#7 padding. Key 16, 24 or 32 bytes, IV 16.
Result<Bytes> cbc_encrypt(ByteView key, ByteView iv, ByteView plain);
/// The same into cbc_size(plain.size()) bytes of the caller's.
Status cbc_encrypt(ByteView key, ByteView iv, ByteView plain, std::uint8_t* out);
constexpr std::size_t cbc_size(std::size_t plain) {
  return plain / 16 * 16 + 16;
}
/// "decrypt_failed" on bad padding. Only call it on input whose MAC was checked.
Result<SecretBytes> cbc_decrypt(ByteView key, ByteView iv, ByteView cipher);

/// RFC 3394. Wraps multiples of 8 bytes, at least 16.
Result<Bytes> aes_wrap(ByteView kek, ByteView key);
/// The same into wrapped_size(key.size()) bytes of the caller's; allocates nothing.
Status aes_wrap(ByteView kek, ByteView key, std::uint8_t* out);
constexpr std::size_t wrapped_size(std::size_t key) {
  return key + 8;
}
/// The key of aes_wrap() made ready once. Immutable; share it between threads.
class AesWrapKey {
 public:
  static Result<AesWrapKey> make(ByteView kek);
  Status wrap(ByteView key, std::uint8_t* out) const;  ///< as aes_wrap()

 private:
  AesWrapKey(std::size_t kek_size, SecretBytes schedule)
      : kek_size_(kek_size), schedule_(std::move(schedule)) {}
  std::size_t kek_size_;
  SecretBytes schedule_;
};
Result<SecretBytes> aes_unwrap(ByteView kek, ByteView wrapped);         ///< "decrypt_failed"
Result<SecretBytes> aes_unwrap_padded(ByteView kek, ByteView wrapped);  ///< RFC 5649

enum class RsaPadding : std::uint8_t { kPkcs1, kOaepSha1, kOaepSha256, kOaepSha384, kOaepSha512 };
Result<Bytes> rsa_encrypt(const PublicKey& key, RsaPadding padding, ByteView plain);
/// "decrypt_failed". With kPkcs1 the caller must hide failure from the peer (RFC 7516 §11.5).
Result<SecretBytes> rsa_decrypt(const PrivateKey& key, RsaPadding padding, ByteView cipher);

/// ECDH on the NIST curves and X25519: the raw shared secret Z. Keys of different kinds, or an
/// all-zero X25519 result: "key_wrong_kind" / "decrypt_failed".
Result<SecretBytes> agree(const PrivateKey& mine, const PublicKey& theirs);

}  // namespace signet::crypto
