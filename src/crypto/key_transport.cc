// RSA encryption and key agreement.

#include "crypto/key_transport.h"

#include <openssl/rsa.h>

#include "crypto/fetched.h"

namespace signet::crypto {
namespace {

bool set_padding(EVP_PKEY_CTX* ctx, RsaPadding padding) {
  if (padding == RsaPadding::kPkcs1) {
    return EVP_PKEY_CTX_set_rsa_padding(ctx, RSA_PKCS1_PADDING) == 1;
  }
  Hash hash = Hash::kSha1;
  if (padding == RsaPadding::kOaepSha256) hash = Hash::kSha256;
  if (padding == RsaPadding::kOaepSha384) hash = Hash::kSha384;
  if (padding == RsaPadding::kOaepSha512) hash = Hash::kSha512;
  // RFC 7518 §4.3: MGF1 uses the same hash.
  return EVP_PKEY_CTX_set_rsa_padding(ctx, RSA_PKCS1_OAEP_PADDING) == 1 &&
         EVP_PKEY_CTX_set_rsa_oaep_md(ctx, fetched_md(hash)) == 1 &&
         EVP_PKEY_CTX_set_rsa_mgf1_md(ctx, fetched_md(hash)) == 1;
}

// Leaves the error queue to the caller.
Result<SecretBytes> rsa_decrypt_with(EVP_PKEY* pkey, RsaPadding padding, std::size_t modulus,
                                     ByteView cipher) {
  PkeyCtxPtr ctx(pkey ? EVP_PKEY_CTX_new_from_pkey(nullptr, pkey, nullptr) : nullptr);
  if (!ctx || EVP_PKEY_decrypt_init(ctx.get()) != 1 || !set_padding(ctx.get(), padding)) {
    return Error{Code::kInternal, "crypto_library_failed", "RSA decryption"};
  }
  SecretBytes out(modulus);
  std::size_t size = out.size();
  if (EVP_PKEY_decrypt(ctx.get(), out.span().data(), &size, cipher.data(), cipher.size()) != 1) {
    return Error{Code::kInvalid, "decrypt_failed", "the ciphertext does not decrypt"};
  }
  out.truncate(size);
  return out;
}

}  // namespace

Error wrong_kind(KeyKind kind) {
  return Error{Code::kInvalid, "key_wrong_kind",
               "a key of the kind " + std::string(to_string(kind)) + " cannot do this"};
}

PkeyCtxPtr prepare_rsa_encryption(EVP_PKEY* pkey, RsaPadding padding) {
  PkeyCtxPtr ctx(EVP_PKEY_CTX_new_from_pkey(nullptr, pkey, nullptr));
  if (!ctx || EVP_PKEY_encrypt_init(ctx.get()) != 1 || !set_padding(ctx.get(), padding))
    return nullptr;
  return ctx;
}

Result<Bytes> rsa_encrypt(const PublicKey& key, RsaPadding padding, ByteView plain) {
  QuietErrors quiet;
  if (key.kind() != KeyKind::kRsa) return wrong_kind(key.kind());
  const PkeyCtxPtr ctx = prepare_rsa_encryption(key.impl().pkey.get(), padding);
  Bytes out(key.impl().first.size());
  std::size_t size = out.size();
  if (!ctx) return internal_error("RSA encryption");
  if (EVP_PKEY_encrypt(ctx.get(), out.data(), &size, plain.data(), plain.size()) != 1) {
    return library_error(Code::kInvalid, "encrypt_failed", "RSA encryption");
  }
  out.resize(size);
  return out;
}

Result<SecretBytes> rsa_decrypt(const PrivateKey& key, RsaPadding padding, ByteView cipher) {
  QuietErrors quiet;
  if (key.kind() != KeyKind::kRsa) return wrong_kind(key.kind());
  const std::size_t modulus = key.impl().pub.impl().first.size();
  // RFC 8017 §7.1.2 step 1: exactly as long as the modulus.
  if (cipher.size() != modulus) return decrypt_failed();
  const auto copy = [&] { return std::make_unique<PkeyPtr>(EVP_PKEY_dup(key.impl().pkey.get())); };
  return key.impl().copies.with(copy, [&](PkeyPtr& own) -> Result<SecretBytes> {
    if (!own) own = std::move(*copy());
    auto plain = rsa_decrypt_with(own.get(), padding, modulus, cipher);
    if (ERR_peek_error() == 0 || !ran_out_of_memory()) return plain;
    own.reset();
    return Error{Code::kInternal, "crypto_library_failed", "RSA decryption: out of memory"};
  });
}

Result<SecretBytes> derive_shared_secret(EVP_PKEY* mine, const PublicKey& theirs) {
  PkeyCtxPtr ctx(EVP_PKEY_CTX_new_from_pkey(nullptr, mine, nullptr));
  SecretBytes z(field_bytes(theirs.kind()));
  std::size_t size = z.size();
  // The peer's point was checked when its PublicKey was made.
  if (!ctx || EVP_PKEY_derive_init(ctx.get()) != 1 ||
      EVP_PKEY_derive_set_peer_ex(ctx.get(), theirs.impl().pkey.get(), 0) != 1) {
    return internal_error("key agreement");
  }
  if (EVP_PKEY_derive(ctx.get(), z.span().data(), &size) != 1 || size != z.size())
    return decrypt_failed();
  return z;
}

Result<SecretBytes> agree(const PrivateKey& mine, const PublicKey& theirs) {
  QuietErrors quiet;
  const KeyKind kind = mine.kind();
  if (theirs.kind() != kind) return wrong_kind(theirs.kind());
  if (!is_nist_curve(kind) && kind != KeyKind::kX25519) return wrong_kind(kind);
  return derive_shared_secret(mine.impl().pkey.get(), theirs);
}

}  // namespace signet::crypto
