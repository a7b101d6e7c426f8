#include "crypto/kdf.h"

#include <nettle/md5.h>
#include <nettle/pbkdf2.h>
#include <openssl/evp.h>

#include <algorithm>
#include <cstring>

#include "crypto/fetched.h"
#include "crypto/openssl_ptr.h"

#undef pbkdf2  // Nettle's header renames it

namespace signet::crypto {
namespace {

constexpr std::size_t kDesKey = 8;
constexpr std::size_t kDesBlock = 8;
constexpr std::size_t kLargestDerived = 1 << 20;

Error des_failed(const char* what) {
  ERR_clear_error();
  return Error{Code::kInvalid, "decrypt_failed", what};
}

// Single DES is not in OpenSSL's default provider; encrypt-decrypt-encrypt with one key is the
// same.
SecretBytes tripled(ByteView key) {
  SecretBytes triple(3 * kDesKey);
  for (std::size_t i = 0; i < 3; ++i) {
    std::memcpy(triple.span().data() + i * kDesKey, key.data(), kDesKey);
  }
  return triple;
}

CipherCtxPtr begin_des(ByteView key24, ByteView iv, bool encrypt) {
  CipherCtxPtr ctx(EVP_CIPHER_CTX_new());
  if (!ctx || EVP_CipherInit_ex2(ctx.get(), fetched_des_ede3_cbc(), key24.data(), iv.data(),
                                 encrypt, nullptr) != 1) {
    return nullptr;
  }
  return ctx;
}

}  // namespace

SecretBytes pbkdf2(Hash hash, ByteView password, ByteView salt, std::uint32_t iterations,
                   std::size_t size) {
  SecretBytes out(size);
  if (size == 0) return out;
  const unsigned rounds = std::max(iterations, std::uint32_t{1});
  const auto derive = [&](auto function) {
    function(password.size(), password.data(), rounds, salt.size(), salt.data(), size,
             out.span().data());
  };
  switch (hash) {
    case Hash::kSha1:
      derive(::nettle_pbkdf2_hmac_sha1);
      break;
    case Hash::kSha256:
      derive(::nettle_pbkdf2_hmac_sha256);
      break;
    case Hash::kSha384:
      derive(::nettle_pbkdf2_hmac_sha384);
      break;
    case Hash::kSha512:
      derive(::nettle_pbkdf2_hmac_sha512);
      break;
  }
  return out;
}

SecretBytes pbkdf1_md5(ByteView password, ByteView salt, std::uint32_t iterations) {
  SecretBytes out(MD5_DIGEST_SIZE);
  ::md5_ctx ctx;
  ::md5_init(&ctx);
  ::md5_update(&ctx, password.size(), password.data());
  ::md5_update(&ctx, salt.size(), salt.data());
  ::md5_digest(&ctx, out.size(), out.span().data());
  for (std::uint32_t i = 1; i < iterations; ++i) {
    ::md5_update(&ctx, out.size(), out.view().data());
    ::md5_digest(&ctx, out.size(), out.span().data());
  }
  wipe(&ctx, sizeof ctx);
  return out;
}

Result<SecretBytes> des_cbc_decrypt(ByteView key8, ByteView iv8, ByteView cipher) {
  if (key8.size() != kDesKey) return des_failed("DES takes a key of 8 bytes");
  return des_ede3_cbc_decrypt(tripled(key8).view(), iv8, cipher);
}

Result<SecretBytes> des_ede3_cbc_decrypt(ByteView key24, ByteView iv8, ByteView cipher) {
  if (key24.size() != 3 * kDesKey || iv8.size() != kDesBlock || cipher.empty() ||
      cipher.size() % kDesBlock != 0 || cipher.size() > kLargestDerived) {
    return des_failed("DES-CBC takes keys and an IV of 8 bytes and whole blocks");
  }
  const CipherCtxPtr ctx = begin_des(key24, iv8, false);
  if (!ctx) return internal_error("DES-CBC");
  SecretBytes out(cipher.size() + kDesBlock);
  int first = 0, last = 0;
  if (EVP_DecryptUpdate(ctx.get(), out.span().data(), &first, cipher.data(),
                        static_cast<int>(cipher.size())) != 1 ||
      EVP_DecryptFinal_ex(ctx.get(), out.span().data() + first, &last) != 1) {
    return des_failed("the ciphertext does not decrypt");
  }
  out.truncate(static_cast<std::size_t>(first + last));
  return out;
}

Result<Bytes> des_cbc_encrypt(ByteView key8, ByteView iv8, ByteView plain) {
  if (key8.size() != kDesKey || iv8.size() != kDesBlock || plain.size() > kLargestDerived) {
    return Error{Code::kInvalid, "cipher_bad_parameters",
                 "DES-CBC takes a key and an IV of 8 bytes"};
  }
  const CipherCtxPtr ctx = begin_des(tripled(key8).view(), iv8, true);
  Bytes out(plain.size() + kDesBlock);
  int first = 0, last = 0;
  if (!ctx ||
      (!plain.empty() && EVP_EncryptUpdate(ctx.get(), out.data(), &first, plain.data(),
                                           static_cast<int>(plain.size())) != 1) ||
      EVP_EncryptFinal_ex(ctx.get(), out.data() + first, &last) != 1) {
    return internal_error("DES-CBC");
  }
  out.resize(static_cast<std::size_t>(first + last));
  return out;
}

SecretBytes hkdf_sha256(ByteView secret, ByteView salt, ByteView info, std::size_t size) {
  // RFC 5869 §2: extract, then expand to at most 255 blocks.
  SecretBytes extracted(32), block(32), out(std::min<std::size_t>(size, 255 * 32));
  MacKey(Hash::kSha256, salt).mac(secret, extracted.span().data());
  const MacKey expand(Hash::kSha256, extracted.view());
  std::size_t at = 0;
  for (std::uint8_t counter = 1; at < out.size(); ++counter) {
    const ByteView before = counter == 1 ? ByteView() : block.view();
    expand.mac({before, info, ByteView(&counter, 1)}, block.span().data());
    const std::size_t take = std::min(block.size(), out.size() - at);
    std::memcpy(out.span().data() + at, block.view().data(), take);
    at += take;
  }
  return out;
}

SecretBytes concat_kdf_sha256(ByteView z, ByteView other_info, std::size_t size) {
  // SP 800-56A §5.8.1: hash(counter ‖ Z ‖ OtherInfo), counter from 1, four bytes big-endian.
  SecretBytes out(size);
  std::size_t at = 0;
  for (std::uint32_t counter = 1; at < size; ++counter) {
    const std::uint8_t number[4] = {
        static_cast<std::uint8_t>(counter >> 24), static_cast<std::uint8_t>(counter >> 16),
        static_cast<std::uint8_t>(counter >> 8), static_cast<std::uint8_t>(counter)};
    Bytes block = Hasher(Hash::kSha256).update(number).update(z).update(other_info).finish();
    const std::size_t take = std::min(block.size(), size - at);
    std::memcpy(out.span().data() + at, block.data(), take);
    wipe(block);
    at += take;
  }
  return out;
}

}  // namespace signet::crypto
