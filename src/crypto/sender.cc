#include "crypto/sender.h"

#include <openssl/core_names.h>

#include <array>

#include "crypto/key_impl.h"
#include "crypto/key_transport.h"
#include "crypto/schemes.h"

namespace signet::crypto {
namespace {

constexpr std::size_t kLargestPoint = 1 + 2 * 66;  // uncompressed, on P-521

/// One for each thread and kind: it looks up the group, which costs more than a key on P-256.
EVP_PKEY_CTX* key_generator(KeyKind kind) {
  thread_local std::array<PkeyCtxPtr, 16> kept;
  PkeyCtxPtr& slot = kept.at(static_cast<std::size_t>(kind));
  if (slot) return slot.get();
  const bool is_nist = is_nist_curve(kind);
  PkeyCtxPtr made(
      EVP_PKEY_CTX_new_from_name(nullptr, is_nist ? "EC" : openssl_name(kind), nullptr));
  if (!made || EVP_PKEY_keygen_init(made.get()) != 1 ||
      (is_nist && EVP_PKEY_CTX_set_group_name(made.get(), openssl_name(kind)) != 1)) {
    return nullptr;
  }
  slot = std::move(made);
  return slot.get();
}

PkeyPtr fresh_key(KeyKind kind) {
  EVP_PKEY_CTX* generator = key_generator(kind);
  EVP_PKEY* made = nullptr;
  if (!generator || EVP_PKEY_generate(generator, &made) != 1) return nullptr;
  return PkeyPtr(made);
}

bool export_public(EVP_PKEY* pkey, KeyKind kind, Bytes& x, Bytes& y) {
  std::array<std::uint8_t, kLargestPoint> encoded;
  std::size_t size = 0;
  if (EVP_PKEY_get_octet_string_param(pkey, OSSL_PKEY_PARAM_PUB_KEY, encoded.data(), encoded.size(),
                                      &size) != 1) {
    return false;
  }
  const std::size_t field = field_bytes(kind);
  const auto from = encoded.begin();
  if (!is_nist_curve(kind)) {
    x.assign(from, from + static_cast<std::ptrdiff_t>(size));
    return size == field;
  }
  // SEC 1 §2.3.3: 4, x, y.
  if (size != 1 + 2 * field || encoded[0] != 4) return false;
  const auto middle = from + static_cast<std::ptrdiff_t>(1 + field);
  x.assign(from + 1, middle);
  y.assign(middle, middle + static_cast<std::ptrdiff_t>(field));
  return true;
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
  const KeyKind kind = recipient.kind();
  if (!is_nist_curve(kind) && kind != KeyKind::kX25519) return wrong_kind(kind);
  return EcdhSender(recipient);
}

EcdhSender::EcdhSender(PublicKey recipient) : recipient_(std::move(recipient)) {
  const auto& numbers = recipient_.impl();
  if (kind() == KeyKind::kEcP384)
    point_ = std::make_shared<const P384Point>(numbers.first, numbers.second);
}

Result<EcdhSender::Agreement> EcdhSender::agree() const {
  Agreement agreement;
  if (point_) {
    const std::size_t field = field_bytes(kind());
    agreement = {Bytes(field), Bytes(field), SecretBytes(field)};
    const P384Scalar ephemeral = P384Scalar::fresh();
    ephemeral.public_half(agreement.x.data(), agreement.y.data());
    if (!ephemeral.agree(*point_, agreement.z.span().data()))
      return internal_error("key agreement");
    return agreement;
  }
  QuietErrors quiet;
  const PkeyPtr ephemeral = fresh_key(kind());
  if (!ephemeral || !export_public(ephemeral.get(), kind(), agreement.x, agreement.y))
    return internal_error("ephemeral key");
  TRY(agreement.z, derive_shared_secret(ephemeral.get(), recipient_));
  return agreement;
}

}  // namespace signet::crypto
