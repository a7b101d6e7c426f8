#include "crypto/cipher.h"

#include <nettle/nist-keywrap.h>

#include "crypto/fetched.h"
#include "crypto/key_impl.h"

namespace signet::crypto {
namespace {

constexpr std::size_t kGcmIv = 12;
constexpr std::size_t kTag = 16;
constexpr std::size_t kBlock = 16;
constexpr std::size_t kLargest = std::size_t{1} << 30;  // EVP counts in int

Error bad_parameters(const char* what) {
  return Error{Code::kInvalid, "cipher_bad_parameters", what};
}
int int_size(ByteView bytes) {
  return static_cast<int>(bytes.size());
}

// Some calls of EVP take a null input for "no input at all".
const std::uint8_t* never_null(ByteView bytes) {
  static constexpr std::uint8_t kNothing = 0;
  return bytes.empty() ? &kNothing : bytes.data();
}

CipherCtxPtr begin(const EVP_CIPHER* cipher, ByteView key, const std::uint8_t* iv, bool encrypt) {
  CipherCtxPtr ctx(EVP_CIPHER_CTX_new());
  if (!ctx || EVP_CipherInit_ex2(ctx.get(), cipher, key.data(), iv, encrypt, nullptr) != 1) {
    return nullptr;
  }
  return ctx;
}

Status check_gcm(const EVP_CIPHER* cipher, ByteView iv, ByteView aad, ByteView text) {
  if (!cipher) return bad_parameters("an AES key must be 16, 24 or 32 bytes");
  if (iv.size() != kGcmIv) return bad_parameters("the IV of AES-GCM must be 12 bytes");
  if (aad.size() > kLargest || text.size() > kLargest) return bad_parameters("too much data");
  return Done{};
}

// Key wrap by Nettle rather than EVP: a sixth of the time for keys of this size, and nothing to
// allocate. Its functions only read the schedule.
union AesSchedule {
  ::aes128_ctx aes128;
  ::aes192_ctx aes192;
  ::aes256_ctx aes256;
};

Status expand(ByteView kek, void* schedule) {
  auto* to = static_cast<AesSchedule*>(schedule);
  if (kek.size() == 16) {
    ::nettle_aes128_set_encrypt_key(&to->aes128, kek.data());
  } else if (kek.size() == 24) {
    ::nettle_aes192_set_encrypt_key(&to->aes192, kek.data());
  } else if (kek.size() == 32) {
    ::nettle_aes256_set_encrypt_key(&to->aes256, kek.data());
  } else {
    return bad_parameters("an AES key must be 16, 24 or 32 bytes");
  }
  return Done{};
}

Status wrap_with(std::size_t kek_size, const void* schedule, ByteView key, std::uint8_t* out) {
  if (key.size() < 16 || key.size() % 8 != 0 || key.size() > kLargest)
    return bad_parameters("AES key wrap takes keys of a multiple of 8 bytes, at least 16");
  // RFC 3394 §2.2.3.1.
  static constexpr std::uint8_t kInitial[8] = {0xA6, 0xA6, 0xA6, 0xA6, 0xA6, 0xA6, 0xA6, 0xA6};
  auto* with = static_cast<AesSchedule*>(const_cast<void*>(schedule));
  const std::size_t size = wrapped_size(key.size());
  if (kek_size == 16) {
    ::nettle_aes128_keywrap(&with->aes128, kInitial, size, out, key.data());
  } else if (kek_size == 24) {
    ::nettle_aes192_keywrap(&with->aes192, kInitial, size, out, key.data());
  } else {
    ::nettle_aes256_keywrap(&with->aes256, kInitial, size, out, key.data());
  }
  return Done{};
}

// RFC 3394 and RFC 5649 differ only in the cipher's name.
Result<SecretBytes> unwrap(CipherMode mode, ByteView kek, ByteView wrapped, std::size_t smallest) {
  const EVP_CIPHER* cipher = fetched_aes(mode, kek.size());
  if (!cipher) return bad_parameters("an AES key must be 16, 24 or 32 bytes");
  if (wrapped.size() < smallest || wrapped.size() % 8 != 0 || wrapped.size() > kLargest) {
    return decrypt_failed();
  }
  const CipherCtxPtr ctx = begin(cipher, kek, nullptr, false);
  if (!ctx) return internal_error("AES key unwrap");
  SecretBytes out(wrapped.size() + kBlock);
  int size = 0;
  if (EVP_DecryptUpdate(ctx.get(), out.span().data(), &size, wrapped.data(), int_size(wrapped)) !=
          1 ||
      size <= 0) {
    return decrypt_failed();
  }
  out.truncate(static_cast<std::size_t>(size));
  return out;
}

}  // namespace

Status gcm_encrypt(ByteView key, ByteView iv, ByteView aad, ByteView plain, std::uint8_t* out,
                   std::uint8_t* tag16) {
  const EVP_CIPHER* cipher = fetched_aes(CipherMode::kGcm, key.size());
  TRY(check_gcm(cipher, iv, aad, plain));
  const CipherCtxPtr ctx = begin(cipher, key, iv.data(), true);
  int size = 0;
  if (!ctx ||
      (!aad.empty() &&
       EVP_EncryptUpdate(ctx.get(), nullptr, &size, aad.data(), int_size(aad)) != 1) ||
      (!plain.empty() &&
       EVP_EncryptUpdate(ctx.get(), out, &size, plain.data(), int_size(plain)) != 1) ||
      EVP_EncryptFinal_ex(ctx.get(), tag16, &size) != 1 ||
      EVP_CIPHER_CTX_ctrl(ctx.get(), EVP_CTRL_AEAD_GET_TAG, kTag, tag16) != 1) {
    return internal_error("AES-GCM");
  }
  return Done{};
}

Status gcm_decrypt(ByteView key, ByteView iv, ByteView aad, ByteView cipher_text, ByteView tag,
                   std::uint8_t* out) {
  const EVP_CIPHER* cipher = fetched_aes(CipherMode::kGcm, key.size());
  TRY(check_gcm(cipher, iv, aad, cipher_text));
  if (tag.size() != kTag) return decrypt_failed();
  const CipherCtxPtr ctx = begin(cipher, key, iv.data(), false);
  int size = 0;
  std::uint8_t none[kBlock];
  if (!ctx || EVP_CIPHER_CTX_ctrl(ctx.get(), EVP_CTRL_AEAD_SET_TAG, kTag,
                                  const_cast<std::uint8_t*>(tag.data())) != 1) {
    return internal_error("AES-GCM");
  }
  if ((!aad.empty() &&
       EVP_DecryptUpdate(ctx.get(), nullptr, &size, aad.data(), int_size(aad)) != 1) ||
      (!cipher_text.empty() &&
       EVP_DecryptUpdate(ctx.get(), out, &size, cipher_text.data(), int_size(cipher_text)) != 1) ||
      EVP_DecryptFinal_ex(ctx.get(), none, &size) != 1) {
    wipe(out, cipher_text.size());
    return decrypt_failed();
  }
  return Done{};
}

Status cbc_encrypt(ByteView key, ByteView iv, ByteView plain, std::uint8_t* out) {
  const EVP_CIPHER* cipher = fetched_aes(CipherMode::kCbc, key.size());
  if (!cipher || iv.size() != kBlock || plain.size() > kLargest) {
    return bad_parameters("AES-CBC takes a key of 16, 24 or 32 bytes and an IV of 16");
  }
  const CipherCtxPtr ctx = begin(cipher, key, iv.data(), true);
  int first = 0, last = 0;
  if (!ctx || EVP_EncryptUpdate(ctx.get(), out, &first, never_null(plain), int_size(plain)) != 1 ||
      EVP_EncryptFinal_ex(ctx.get(), out + first, &last) != 1 ||
      static_cast<std::size_t>(first + last) != cbc_size(plain.size())) {
    return internal_error("AES-CBC");
  }
  return Done{};
}

Result<Bytes> cbc_encrypt(ByteView key, ByteView iv, ByteView plain) {
  Bytes out(cbc_size(plain.size()));
  TRY(cbc_encrypt(key, iv, plain, out.data()));
  return out;
}

Result<SecretBytes> cbc_decrypt(ByteView key, ByteView iv, ByteView cipher_text) {
  const EVP_CIPHER* cipher = fetched_aes(CipherMode::kCbc, key.size());
  if (!cipher || iv.size() != kBlock || cipher_text.size() > kLargest) {
    return bad_parameters("AES-CBC takes a key of 16, 24 or 32 bytes and an IV of 16");
  }
  if (cipher_text.empty() || cipher_text.size() % kBlock != 0) return decrypt_failed();
  const CipherCtxPtr ctx = begin(cipher, key, iv.data(), false);
  if (!ctx) return internal_error("AES-CBC");
  SecretBytes out(cipher_text.size() + kBlock);
  int first = 0, last = 0;
  if (EVP_DecryptUpdate(ctx.get(), out.span().data(), &first, cipher_text.data(),
                        int_size(cipher_text)) != 1 ||
      EVP_DecryptFinal_ex(ctx.get(), out.span().data() + first, &last) != 1) {
    return decrypt_failed();
  }
  out.truncate(static_cast<std::size_t>(first + last));
  return out;
}

Result<AesWrapKey> AesWrapKey::make(ByteView kek) {
  AesWrapKey made(kek.size(), SecretBytes(sizeof(AesSchedule)));
  TRY(expand(kek, made.schedule_.span().data()));
  return made;
}

Status AesWrapKey::wrap(ByteView key, std::uint8_t* out) const {
  return wrap_with(kek_size_, schedule_.view().data(), key, out);
}

Status aes_wrap(ByteView kek, ByteView key, std::uint8_t* out) {
  AesSchedule schedule;
  TRY(expand(kek, &schedule));
  Status done = wrap_with(kek.size(), &schedule, key, out);
  wipe(&schedule, sizeof schedule);
  return done;
}

Result<Bytes> aes_wrap(ByteView kek, ByteView key) {
  Bytes out(wrapped_size(key.size()));
  TRY(aes_wrap(kek, key, out.data()));
  return out;
}

Result<SecretBytes> aes_unwrap(ByteView kek, ByteView wrapped) {
  return unwrap(CipherMode::kWrap, kek, wrapped, 24);
}

Result<SecretBytes> aes_unwrap_padded(ByteView kek, ByteView wrapped) {
  return unwrap(CipherMode::kWrapPadded, kek, wrapped, 16);
}

}  // namespace signet::crypto
