#include "jose/key_fit.h"

#include <algorithm>
#include <initializer_list>

#include "base/text.h"

namespace signet::jose {
namespace {

bool is_agreement_kind(crypto::KeyKind kind) {
  using crypto::KeyKind;
  return kind == KeyKind::kEcP256 || kind == KeyKind::kEcP384 || kind == KeyKind::kEcP521 ||
         kind == KeyKind::kX25519;
}

bool has_op(const Jwk& key, std::initializer_list<std::string_view> ops) {
  return std::any_of(key.key_ops().begin(), key.key_ops().end(), [&](const std::string& op) {
    return std::find(ops.begin(), ops.end(), op) != ops.end();
  });
}

bool is_private_half(const Jwk& key) {
  return key.private_key().has_value();
}

bool declared_for(const Jwk& key, JweAlg alg, JweEnc enc) {
  if (key.use() == KeyUse::kSig) return false;
  if (key.alg().empty() || key.alg() == name(alg)) return true;
  // RFC 7520 §5.6 names the content algorithm in a key for `dir`.
  return alg == JweAlg::kDir && key.alg() == name(enc);
}

}  // namespace

bool material_fits(const Jwk& key, JwsAlg alg) {
  if (is_mac(alg)) return key.is_symmetric();
  return key.public_key() && key.public_key()->kind() == crypto::key_kind(signature_scheme(alg));
}

bool material_fits(const Jwk& key, JweAlg alg, std::optional<JweEnc> enc) {
  if (key.is_hidden()) return false;
  const JweAlgInfo& row = info(alg);
  switch (row.family) {
    case JweFamily::kRsa:
      return key.public_key() && key.public_key()->kind() == crypto::KeyKind::kRsa;
    case JweFamily::kEcdh:
      return key.public_key() && is_agreement_kind(key.public_key()->kind());
    case JweFamily::kKeyWrap:
    case JweFamily::kGcmKeyWrap:
      return key.is_symmetric() && key.symmetric().size() == row.wrap_key_bytes;
    case JweFamily::kDirect:
      return key.is_symmetric() && (!enc || key.symmetric().size() == key_size(*enc));
    case JweFamily::kPbes2:
      return key.is_symmetric();
  }
  return false;
}

bool allows_signing(const Jwk& key) {
  return key.use() != KeyUse::kEnc && (key.key_ops().empty() || has_op(key, {"sign"}));
}
bool allows_verifying(const Jwk& key) {
  return key.use() != KeyUse::kEnc && (key.key_ops().empty() || has_op(key, {"verify"}) ||
                                       (is_private_half(key) && has_op(key, {"sign"})));
}

bool fits_encryption(const Jwk& key, JweAlg alg, JweEnc enc) {
  if (!declared_for(key, alg, enc) || !material_fits(key, alg, enc)) return false;
  return key.key_ops().empty() || has_op(key, {"encrypt", "wrapKey", "deriveKey", "deriveBits"}) ||
         (is_private_half(key) && has_op(key, {"decrypt", "unwrapKey"}));
}
bool fits_decryption(const Jwk& key, JweAlg alg, JweEnc enc) {
  if (!declared_for(key, alg, enc) || !material_fits(key, alg, enc)) return false;
  return key.key_ops().empty() || has_op(key, {"decrypt", "unwrapKey", "deriveKey", "deriveBits"});
}

Status check_declared_alg(const Jwk& key) {
  const Error mismatch{Code::kInvalid, "jwk_alg_mismatch",
                       "alg " + quoted(key.alg()) + " does not fit the key or its use"};
  if (const auto jws = parse_jws_alg(key.alg())) {
    if (!material_fits(key, *jws) || key.use() == KeyUse::kEnc) return mismatch;
  } else if (const auto jwe = parse_jwe_alg(key.alg())) {
    if (!material_fits(key, *jwe, std::nullopt) || key.use() == KeyUse::kSig) return mismatch;
  } else if (const auto enc = parse_jwe_enc(key.alg())) {
    if (!material_fits(key, JweAlg::kDir, *enc) || key.use() == KeyUse::kSig) return mismatch;
  }
  return Done{};
}

Status check_declared_use(const Jwk& key) {
  const bool signs = has_op(key, {"sign", "verify"});
  const bool encrypts =
      has_op(key, {"encrypt", "decrypt", "wrapKey", "unwrapKey", "deriveKey", "deriveBits"});
  if ((key.use() == KeyUse::kSig && encrypts) || (key.use() == KeyUse::kEnc && signs))
    return Error{Code::kInvalid, "jwk_contradiction", "use and key_ops exclude each other"};
  return Done{};
}

}  // namespace signet::jose
