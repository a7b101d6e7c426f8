#include "crypto/sender.h"

#include "crypto/ec_point.h"
#include "crypto/key_impl.h"
#include "crypto/key_transport.h"
#include "crypto/schemes.h"

namespace signet::crypto {
namespace {

/// One for each thread: EVP looks its algorithm up, which costs as much as a key.
EVP_PKEY_CTX* x25519_generator() {
  thread_local PkeyCtxPtr kept;
  if (kept) return kept.get();
  PkeyCtxPtr made(EVP_PKEY_CTX_new_from_name(nullptr, openssl_name(KeyKind::kX25519), nullptr));
  if (!made || EVP_PKEY_keygen_init(made.get()) != 1) return nullptr;
  kept = std::move(made);
  return kept.get();
}

Result<EcdhSender::Agreement> agree_by_x25519(const PublicKey& recipient) {
  QuietErrors quiet;
  EVP_PKEY_CTX* const generator = x25519_generator();
  EVP_PKEY* generated = nullptr;
  if (!generator || EVP_PKEY_generate(generator, &generated) != 1)
    return internal_error("ephemeral key");
  const PkeyPtr ephemeral(generated);
  EcdhSender::Agreement made;
  made.x.resize(field_bytes(KeyKind::kX25519));
  std::size_t size = made.x.size();
  if (EVP_PKEY_get_raw_public_key(ephemeral.get(), made.x.data(), &size) != 1 ||
      size != made.x.size())
    return internal_error("ephemeral key");
  TRY(made.z, derive_shared_secret(ephemeral.get(), recipient));
  return made;
}

Result<EcdhSender::Agreement> agree_by_p384(const P384Point& recipient) {
  const std::size_t field = field_bytes(KeyKind::kEcP384);
  EcdhSender::Agreement made{Bytes(field), Bytes(field), SecretBytes(field)};
  const P384Scalar ephemeral = P384Scalar::fresh();
  ephemeral.public_half(made.x.data(), made.y.data());
  if (!ephemeral.agree(recipient, made.z.span().data())) return internal_error("key agreement");
  return made;
}

}  // namespace

struct RsaSender::State {
  PublicKey key;
  RsaPadding padding;
  PerWorker<Prepared> prepared{};

  std::unique_ptr<Prepared> copy() const {
    auto made = std::make_unique<Prepared>();
    made->pkey.reset(EVP_PKEY_dup(key.impl().pkey.get()));
    if (made->pkey) made->ctx = prepare_rsa_encryption(made->pkey.get(), padding);
    return made;
  }
};

Result<RsaSender> RsaSender::make(const PublicKey& key, RsaPadding padding) {
  if (key.kind() != KeyKind::kRsa) return wrong_kind(key.kind());
  return RsaSender(std::make_shared<State>(State{key, padding}));
}

std::size_t RsaSender::size() const {
  return state_->key.impl().first.size();
}

Status RsaSender::encrypt(ByteView plain, std::uint8_t* out) const {
  QuietErrors quiet;
  const auto copy = [this] { return state_->copy(); };
  return state_->prepared.with(copy, [&](Prepared& own) -> Status {
    if (!own.ctx) own = std::move(*copy());
    if (!own.ctx) return internal_error("RSA encryption");
    std::size_t written = size();
    const bool done =
        EVP_PKEY_encrypt(own.ctx.get(), out, &written, plain.data(), plain.size()) == 1 &&
        written == size();
    if (done && !ran_out_of_memory()) return Done{};
    own = Prepared();
    if (done) return internal_error("RSA encryption: out of memory");
    return library_error(Code::kInvalid, "encrypt_failed", "RSA encryption");
  });
}

Result<EcdhSender> EcdhSender::make(const PublicKey& recipient) {
  EcdhSender made(recipient);
  switch (recipient.kind()) {
    case KeyKind::kX25519:
      return made;
    case KeyKind::kEcP384:
      made.p384_point_ =
          std::make_shared<const P384Point>(recipient.impl().first, recipient.impl().second);
      return made;
    case KeyKind::kEcP256:
    case KeyKind::kEcP521:
      made.point_ = EcPoint::make(recipient);
      if (!made.point_) return internal_error("key agreement");
      return made;
    default:
      return wrong_kind(recipient.kind());
  }
}

Result<EcdhSender::Agreement> EcdhSender::agree() const {
  if (point_) return point_->agree();
  return p384_point_ ? agree_by_p384(*p384_point_) : agree_by_x25519(recipient_);
}

}  // namespace signet::crypto
