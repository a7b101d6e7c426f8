#include "jose/key.h"

#include <algorithm>

#include "jose/key_fit.h"

namespace signet::jose {
namespace {

Error not_allowed() {
  return {Code::kDenied, "jws_alg_not_allowed", "the algorithm does not fit the key"};
}
Error too_short() {
  return {Code::kInvalid, "jws_key_too_short", "the HMAC key is shorter than its hash"};
}

std::size_t size_of_signature(const Jwk& key, JwsAlg alg) {
  if (is_mac(alg)) return crypto::hash_size(mac_hash(alg));
  switch (key.public_key()->kind()) {
    case crypto::KeyKind::kRsa:
      return (key.public_key()->bits() + 7) / 8;
    case crypto::KeyKind::kEcP256:
      return 64;
    case crypto::KeyKind::kEcP384:
      return 96;
    case crypto::KeyKind::kEcP521:
      return 132;
    default:
      return 64;  // Ed25519
  }
}

}  // namespace

/// Everything that one algorithm needs with this key; made once, then only read.
struct Key::Prepared {
  bool can_sign = false;
  bool can_verify = false;
  bool is_too_short = false;
  std::size_t signature_size = 0;
  std::optional<crypto::MacKey> mac;
  std::unique_ptr<crypto::Signer> signer;
  std::unique_ptr<crypto::Verifier> verifier;
};

Key::Key(Jwk jwk, std::vector<JwsAlg> allowed, bool remote)
    : jwk_(std::move(jwk)), allowed_(std::move(allowed)), remote_(remote) {}

Key::~Key() {
  for (auto& slot : prepared_)
    delete slot.load(std::memory_order_acquire);
}

std::shared_ptr<const Key> Key::local(Jwk jwk, std::vector<JwsAlg> allowed) {
  return std::shared_ptr<const Key>(new Key(std::move(jwk), std::move(allowed), false));
}
std::shared_ptr<const Key> Key::remote(Jwk public_half, std::vector<JwsAlg> allowed) {
  return std::shared_ptr<const Key>(new Key(std::move(public_half), std::move(allowed), true));
}

bool Key::fits(JwsAlg alg) const {
  if (!material_fits(jwk_, alg)) return false;
  if (!allowed_.empty() && std::find(allowed_.begin(), allowed_.end(), alg) == allowed_.end())
    return false;
  return jwk_.alg().empty() || jwk_.alg() == name(alg);
}

// RFC 7518 §3.2: a key of the size of the hash output or larger MUST be used.
bool Key::is_too_short(JwsAlg mac) const {
  const bool has_size = !jwk_.is_hidden() || jwk_.symmetric_size() > 0;
  return has_size && jwk_.symmetric_size() < crypto::hash_size(mac_hash(mac));
}

const Key::Prepared* Key::prepared(JwsAlg alg) const {
  auto& slot = prepared_[static_cast<std::size_t>(alg)];
  if (const Prepared* ready = slot.load(std::memory_order_acquire)) return ready;

  auto fresh = std::make_unique<Prepared>();
  if (fits(alg)) {
    fresh->signature_size = size_of_signature(jwk_, alg);
    if (is_mac(alg)) {
      fresh->is_too_short = is_too_short(alg);
      if (!fresh->is_too_short && !jwk_.is_hidden())
        fresh->mac.emplace(mac_hash(alg), jwk_.symmetric());
    } else {
      if (jwk_.private_key() && !remote_) {
        auto signer = crypto::Signer::make(*jwk_.private_key(), signature_scheme(alg));
        if (signer.ok()) fresh->signer = std::move(signer).value();
      }
      auto verifier = crypto::Verifier::make(*jwk_.public_key(), signature_scheme(alg));
      if (verifier.ok()) fresh->verifier = std::move(verifier).value();
    }
    const bool is_in_box = remote_ && !fresh->is_too_short;
    fresh->can_verify = (fresh->mac || fresh->verifier || (is_in_box && jwk_.is_hidden())) &&
                        allows_verifying(jwk_);
    fresh->can_sign = (fresh->mac || fresh->signer || is_in_box) && allows_signing(jwk_);
  }
  const Prepared* expected = nullptr;
  if (slot.compare_exchange_strong(expected, fresh.get(), std::memory_order_acq_rel,
                                   std::memory_order_acquire)) {
    return fresh.release();
  }
  return expected;  // another thread was first
}

bool Key::can_sign(JwsAlg alg) const {
  return prepared(alg)->can_sign;
}
// What prepared() comes to, without it: for each algorithm that its ID allows a key is asked this
// when it is read, and most keys of many realms verify nothing for a long time.
bool Key::can_verify(JwsAlg alg) const {
  const auto& slot = prepared_[static_cast<std::size_t>(alg)];
  if (const Prepared* ready = slot.load(std::memory_order_acquire)) return ready->can_verify;
  if (!fits(alg) || !allows_verifying(jwk_)) return false;
  if (!is_mac(alg)) return true;
  return !is_too_short(alg) && (remote_ || !jwk_.is_hidden());
}

std::size_t Key::signature_size(JwsAlg alg) const {
  const Prepared* ready = prepared(alg);
  return ready->can_sign ? ready->signature_size : 0;
}

Status Key::sign(JwsAlg alg, ByteView signing_input, std::uint8_t* out) const {
  const Prepared* ready = prepared(alg);
  if (ready->is_too_short) return too_short();
  if (!ready->can_sign) return not_allowed();
  if (ready->mac) {
    ready->mac->mac(signing_input, out);
    return Done{};
  }
  if (!ready->signer)
    return Error{Code::kInvalid, "key_is_remote", "the key can only sign in its own box"};
  return ready->signer->sign(signing_input, out);
}

Status Key::verify(JwsAlg alg, ByteView signing_input, ByteView signature) const {
  const Prepared* ready = prepared(alg);
  if (ready->is_too_short) return too_short();
  if (!ready->can_verify) return not_allowed();
  if (!ready->mac && !ready->verifier)
    return Error{Code::kInvalid, "key_is_remote", "only the key's own box can check this MAC"};
  const bool is_right = ready->mac ? ready->mac->verify(signing_input, signature)
                                   : ready->verifier->verify(signing_input, signature);
  if (!is_right)
    return Error{Code::kDenied, "jws_signature_invalid", "the signature is not by this key"};
  return Done{};
}

std::vector<KeyPtr> local_keys(const JwkSet& set) {
  std::vector<KeyPtr> keys;
  for (const Jwk& key : set.keys)
    keys.push_back(Key::local(key));
  return keys;
}

}  // namespace signet::jose
