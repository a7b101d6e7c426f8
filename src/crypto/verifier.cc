#include <sodium.h>

#include "base/worker.h"
#include "crypto/digest.h"
#include "crypto/ecdsa_form.h"
#include "crypto/key_impl.h"
#include "crypto/p384.h"
#include "crypto/schemes.h"
#include "crypto/sign.h"

namespace signet::crypto {
namespace {

bool verify_digest(EVP_PKEY_CTX* ctx, Signature scheme, std::size_t size, ByteView message,
                   ByteView signature) {
  if (!ctx || signature.size() != size) return false;
  std::uint8_t hashed[64], der[kLargestEcdsaDer];
  const Hash hash = hash_of(scheme);
  digest(hash, message, hashed);
  if (is_ecdsa(scheme)) signature = ecdsa_raw_into_der(signature, der);
  const bool right =
      EVP_PKEY_verify(ctx, signature.data(), signature.size(), hashed, hash_size(hash)) == 1;
  if (!right) ERR_clear_error();
  return right;
}

bool verify_eddsa(const std::uint8_t* x, ByteView message, ByteView signature) {
  return signature.size() == crypto_sign_BYTES &&
         ::crypto_sign_verify_detached(signature.data(), message.data(), message.size(), x) == 0;
}

class DigestVerifier : public Verifier {
 public:
  DigestVerifier(PublicKey key, Signature scheme)
      : key_(std::move(key)), scheme_(scheme), size_(signature_size(key_)) {}
  bool verify(ByteView message, ByteView signature) const override {
    const auto copy = [this] { return prepare_copy(key_.impl().pkey.get(), scheme_, false); };
    return prepared_.with(copy, [&](Prepared& own) {
      if (!own.ctx) own = std::move(*copy());
      return verify_digest(own.ctx.get(), scheme_, size_, message, signature);
    });
  }

 private:
  PublicKey key_;
  Signature scheme_;
  std::size_t size_;
  PerWorker<Prepared> prepared_;
};

// Nettle takes half the time. Its addition of points does not know how to double, so of signatures
// that were crafted to make it double it refuses right ones (never the other way: the sum then
// comes out as x = 0, and r = 0 is out of range). What it refuses, OpenSSL decides.
class Es384Verifier : public Verifier {
 public:
  explicit Es384Verifier(const PublicKey& key)
      : point_(key.impl().first, key.impl().second), second_opinion_(key, Signature::kEs384) {}
  bool verify(ByteView message, ByteView signature) const override {
    std::uint8_t hashed[48];
    digest(Hash::kSha384, message, hashed);
    return point_.verify(hashed, signature) || second_opinion_.verify(message, signature);
  }

 private:
  P384Point point_;
  DigestVerifier second_opinion_;
};

class EdDsaVerifier : public Verifier {
 public:
  explicit EdDsaVerifier(PublicKey key) : key_(std::move(key)) {}
  bool verify(ByteView message, ByteView signature) const override {
    return verify_eddsa(key_.impl().first.data(), message, signature);
  }

 private:
  PublicKey key_;
};

}  // namespace

Result<std::unique_ptr<Verifier>> Verifier::make(const PublicKey& key, Signature scheme) {
  TRY(check_fits(key.kind(), scheme));
  if (scheme == Signature::kEdDsa) return std::make_unique<EdDsaVerifier>(key);
  if (scheme == Signature::kEs384) return std::make_unique<Es384Verifier>(key);
  return std::make_unique<DigestVerifier>(key, scheme);
}

bool verify(const PublicKey& key, Signature scheme, ByteView message, ByteView signature) {
  if (!check_fits(key.kind(), scheme).ok()) return false;
  if (scheme == Signature::kEdDsa) {
    return verify_eddsa(key.impl().first.data(), message, signature);
  }
  if (scheme == Signature::kEs384) return Es384Verifier(key).verify(message, signature);
  const PkeyCtxPtr ctx = prepare(key.impl().pkey.get(), scheme, false);
  return verify_digest(ctx.get(), scheme, signature_size(key), message, signature);
}

}  // namespace signet::crypto
