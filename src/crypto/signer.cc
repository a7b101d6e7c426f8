#include <sodium.h>

#include <cstring>

#include "base/worker.h"
#include "crypto/digest.h"
#include "crypto/ecdsa_form.h"
#include "crypto/key_impl.h"
#include "crypto/p384.h"
#include "crypto/schemes.h"
#include "crypto/sign.h"

namespace signet::crypto {
namespace {

Status out_of_memory() {
  return Error{Code::kInternal, "crypto_library_failed", "signing: out of memory"};
}

Status sign_digest(EVP_PKEY_CTX* ctx, Signature scheme, std::size_t size, ByteView message,
                   std::uint8_t* out) {
  std::uint8_t hashed[64], der[kLargestEcdsaDer];
  const Hash hash = hash_of(scheme);
  digest(hash, message, hashed);
  const bool ecdsa = is_ecdsa(scheme);
  std::size_t written = ecdsa ? sizeof der : size;
  if (!ctx || EVP_PKEY_sign(ctx, ecdsa ? der : out, &written, hashed, hash_size(hash)) != 1 ||
      (ecdsa ? !ecdsa_der_into_raw({der, written}, size / 2, out) : written != size)) {
    return internal_error("signing");
  }
  return Done{};
}

// RSA and ECDSA. OpenSSL draws the nonce of ECDSA from its generator hashed together with the
// private key and the digest (BN_generate_dsa_nonce), so a weak generator alone does not give the
// key away; Es384Signer does the same. PSS salts come from the same generator.
class DigestSigner : public Signer {
 public:
  DigestSigner(PrivateKey key, Signature scheme, std::size_t size)
      : key_(std::move(key)), scheme_(scheme), size_(size) {}
  std::size_t size() const override { return size_; }
  Status sign(ByteView message, std::uint8_t* out) const override {
    const auto copy = [this] { return prepare_copy(key_.impl().pkey.get(), scheme_, true); };
    return prepared_.with(copy, [&](Prepared& own) {
      if (!own.ctx) own = std::move(*copy());
      Status done = sign_digest(own.ctx.get(), scheme_, size_, message, out);
      if (done.ok() && !ran_out_of_memory()) return done;
      own = Prepared();
      return done.ok() ? out_of_memory() : done;
    });
  }

 private:
  PrivateKey key_;
  Signature scheme_;
  std::size_t size_;
  PerWorker<Prepared> prepared_;
};

class Es384Signer : public Signer {
 public:
  explicit Es384Signer(const PrivateKey& key) : scalar_(key.ec_d().view()) {}
  std::size_t size() const override { return 96; }
  Status sign(ByteView message, std::uint8_t* out) const override {
    std::uint8_t hashed[48];
    digest(Hash::kSha384, message, hashed);
    SystemRandom random;
    scalar_.sign(hashed, out, random);
    return Done{};
  }

 private:
  P384Scalar scalar_;
};

// Deterministic (RFC 8032): no random number is needed.
class EdDsaSigner : public Signer {
 public:
  explicit EdDsaSigner(const PrivateKey& key) : expanded_(crypto_sign_SECRETKEYBYTES) {
    const auto& x = key.impl().pub.impl().first;
    std::memcpy(expanded_.span().data(), key.impl().okp_d.view().data(), 32);
    std::memcpy(expanded_.span().data() + 32, x.data(), 32);
  }
  std::size_t size() const override { return crypto_sign_BYTES; }
  Status sign(ByteView message, std::uint8_t* out) const override {
    if (::crypto_sign_detached(out, nullptr, message.data(), message.size(),
                               expanded_.view().data()) != 0) {
      return Error{Code::kInternal, "crypto_library_failed", "signing"};
    }
    return Done{};
  }

 private:
  SecretBytes expanded_;  ///< seed, then public key
};

}  // namespace

Result<std::unique_ptr<Signer>> Signer::make(const PrivateKey& key, Signature scheme) {
  TRY(check_fits(key.kind(), scheme));
  if (scheme == Signature::kEdDsa) return std::make_unique<EdDsaSigner>(key);
  if (scheme == Signature::kEs384) return std::make_unique<Es384Signer>(key);
  return std::make_unique<DigestSigner>(key, scheme, signature_size(key.public_key()));
}

Result<Bytes> sign(const PrivateKey& key, Signature scheme, ByteView message) {
  TRY(check_fits(key.kind(), scheme));
  Bytes out(signature_size(key.public_key()));
  if (scheme == Signature::kEdDsa || scheme == Signature::kEs384) {
    TRY(auto signer, Signer::make(key, scheme));
    TRY(signer->sign(message, out.data()));
    return out;
  }
  const auto once = prepare_copy(key.impl().pkey.get(), scheme, true);
  TRY(sign_digest(once->ctx.get(), scheme, out.size(), message, out.data()));
  if (ran_out_of_memory()) return out_of_memory().error();
  return out;
}

}  // namespace signet::crypto
