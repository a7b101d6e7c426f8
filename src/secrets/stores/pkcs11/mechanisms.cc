#include "secrets/stores/pkcs11/mechanisms.h"

#include <algorithm>
#include <cstring>

#include "crypto/digest.h"

namespace signet::secrets::pkcs11 {
namespace {

using crypto::Hash;
using jose::JwsAlg;

enum class Family : std::uint8_t { kMac, kPkcs1, kPss, kEcdsa };

/// One JWS algorithm: the mechanism over a digest (0: none) and the one over the whole input.
struct Row {
  JwsAlg alg;
  Family family;
  Hash hash;
  CK_MECHANISM_TYPE over_digest, over_input;
};

constexpr Row kRows[] = {
    {JwsAlg::kHs256, Family::kMac, Hash::kSha256, 0, CKM_SHA256_HMAC},
    {JwsAlg::kHs384, Family::kMac, Hash::kSha384, 0, CKM_SHA384_HMAC},
    {JwsAlg::kHs512, Family::kMac, Hash::kSha512, 0, CKM_SHA512_HMAC},
    {JwsAlg::kRs256, Family::kPkcs1, Hash::kSha256, CKM_RSA_PKCS, CKM_SHA256_RSA_PKCS},
    {JwsAlg::kRs384, Family::kPkcs1, Hash::kSha384, CKM_RSA_PKCS, CKM_SHA384_RSA_PKCS},
    {JwsAlg::kRs512, Family::kPkcs1, Hash::kSha512, CKM_RSA_PKCS, CKM_SHA512_RSA_PKCS},
    {JwsAlg::kPs256, Family::kPss, Hash::kSha256, CKM_RSA_PKCS_PSS, CKM_SHA256_RSA_PKCS_PSS},
    {JwsAlg::kPs384, Family::kPss, Hash::kSha384, CKM_RSA_PKCS_PSS, CKM_SHA384_RSA_PKCS_PSS},
    {JwsAlg::kPs512, Family::kPss, Hash::kSha512, CKM_RSA_PKCS_PSS, CKM_SHA512_RSA_PKCS_PSS},
    {JwsAlg::kEs256, Family::kEcdsa, Hash::kSha256, CKM_ECDSA, CKM_ECDSA_SHA256},
    {JwsAlg::kEs384, Family::kEcdsa, Hash::kSha384, CKM_ECDSA, CKM_ECDSA_SHA384},
    {JwsAlg::kEs512, Family::kEcdsa, Hash::kSha512, CKM_ECDSA, CKM_ECDSA_SHA512},
};

template <class Parameters>
Bytes bytes_of(const Parameters& parameters) {
  Bytes bytes(sizeof parameters);
  std::memcpy(bytes.data(), &parameters, sizeof parameters);
  return bytes;
}

CK_MECHANISM_TYPE hash_mechanism(Hash hash) {
  switch (hash) {
    case Hash::kSha1:
      return CKM_SHA_1;
    case Hash::kSha256:
      return CKM_SHA256;
    case Hash::kSha384:
      return CKM_SHA384;
    case Hash::kSha512:
      return CKM_SHA512;
  }
  return CKM_SHA256;
}

CK_RSA_PKCS_MGF_TYPE mask_function(Hash hash) {
  switch (hash) {
    case Hash::kSha1:
      return CKG_MGF1_SHA1;
    case Hash::kSha256:
      return CKG_MGF1_SHA256;
    case Hash::kSha384:
      return CKG_MGF1_SHA384;
    case Hash::kSha512:
      return CKG_MGF1_SHA512;
  }
  return CKG_MGF1_SHA256;
}

Bytes pss_parameters(Hash hash) {
  CK_RSA_PKCS_PSS_PARAMS parameters{};
  parameters.hashAlg = hash_mechanism(hash);
  parameters.mgf = mask_function(hash);
  parameters.sLen = crypto::hash_size(hash);  // RFC 7518 §3.5
  return bytes_of(parameters);
}

Bytes oaep_parameters(Hash hash) {
  CK_RSA_PKCS_OAEP_PARAMS parameters{};
  parameters.hashAlg = hash_mechanism(hash);
  parameters.mgf = mask_function(hash);
  parameters.source = CKZ_DATA_SPECIFIED;
  return bytes_of(parameters);
}

Bytes digest_info(Hash hash) {
  const auto size = static_cast<std::uint8_t>(crypto::hash_size(hash));
  const std::uint8_t last = hash == Hash::kSha256 ? 1 : hash == Hash::kSha384 ? 2 : 3;
  return {0x30, static_cast<std::uint8_t>(size + 17),
          0x30, 0x0d,
          0x06, 0x09,
          0x60, 0x86,
          0x48, 0x01,
          0x65, 0x03,
          0x04, 0x02,
          last, 0x05,
          0x00, 0x04,
          size};
}

bool has_right_type(Family family, const KeyFacts& key, JwsAlg alg) {
  switch (family) {
    case Family::kMac:
      return !key.kind && key.type != CKK_AES;
    case Family::kPkcs1:
    case Family::kPss:
      return key.kind == crypto::KeyKind::kRsa;
    case Family::kEcdsa:
      return key.kind == crypto::key_kind(jose::signature_scheme(alg));
  }
  return false;
}

bool can(CK_MECHANISM_TYPE mechanism, CK_FLAGS flags, const KeyFacts& key, const Place& place) {
  if (mechanism == 0 || !place.can(mechanism, flags)) return false;
  if (!key.allowed.empty() &&
      std::find(key.allowed.begin(), key.allowed.end(), mechanism) == key.allowed.end()) {
    return false;
  }
  // Sizes are in bits for key pairs; for the others modules do not agree on the unit.
  const CK_MECHANISM_INFO& about = place.mechanisms.at(mechanism);
  return !key.kind || key.bits == 0 ||
         (key.bits >= about.ulMinKeySize &&
          (about.ulMaxKeySize == 0 || key.bits <= about.ulMaxKeySize));
}

}  // namespace

Bytes SigningPlan::data(ByteView input) const {
  if (!digest) return Bytes(input.begin(), input.end());
  Bytes out = digest_info;
  const Bytes hash = crypto::digest(*digest, input);
  out.insert(out.end(), hash.begin(), hash.end());
  return out;
}

std::optional<SigningPlan> plan_signature(JwsAlg alg, const KeyFacts& key, const Place& place) {
  const auto row = std::find_if(std::begin(kRows), std::end(kRows),
                                [&](const Row& each) { return each.alg == alg; });
  if (row == std::end(kRows) || !key.may_sign || !has_right_type(row->family, key, alg))
    return std::nullopt;
  if (row->family == Family::kMac && key.bits > 0 && key.bits < crypto::hash_size(row->hash) * 8)
    return std::nullopt;
  SigningPlan plan;
  if (row->family == Family::kPss) plan.mechanism.parameter = pss_parameters(row->hash);
  if (can(row->over_digest, CKF_SIGN, key, place)) {
    plan.mechanism.type = row->over_digest;
    plan.digest = row->hash;
    if (row->family == Family::kPkcs1) plan.digest_info = digest_info(row->hash);
    return plan;
  }
  if (!can(row->over_input, CKF_SIGN, key, place)) return std::nullopt;
  plan.mechanism.type = row->over_input;
  return plan;
}

std::optional<Mechanism> plan_unwrap(jose::JweAlg alg, const KeyFacts& key, const Place& place) {
  using jose::JweAlg;
  const bool is_rsa = key.kind == crypto::KeyKind::kRsa;
  const auto by_rsa = [&](CK_MECHANISM_TYPE type, Bytes parameter) -> std::optional<Mechanism> {
    if (!is_rsa || !key.may_decrypt || !can(type, CKF_DECRYPT, key, place)) return std::nullopt;
    return Mechanism{type, std::move(parameter)};
  };
  const auto by_aes = [&](std::size_t bits) -> std::optional<Mechanism> {
    if (key.type != CKK_AES || key.kind || !key.may_unwrap || key.bits != bits ||
        !can(CKM_AES_KEY_WRAP, CKF_UNWRAP, key, place)) {
      return std::nullopt;
    }
    return Mechanism{CKM_AES_KEY_WRAP, {}};
  };
  switch (alg) {
    case JweAlg::kRsa15:
      return by_rsa(CKM_RSA_PKCS, {});
    case JweAlg::kRsaOaep:
      return by_rsa(CKM_RSA_PKCS_OAEP, oaep_parameters(Hash::kSha1));
    case JweAlg::kRsaOaep256:
      return by_rsa(CKM_RSA_PKCS_OAEP, oaep_parameters(Hash::kSha256));
    case JweAlg::kA128Kw:
      return by_aes(128);
    case JweAlg::kA192Kw:
      return by_aes(192);
    case JweAlg::kA256Kw:
      return by_aes(256);
    default:
      return std::nullopt;
  }
}

}  // namespace signet::secrets::pkcs11
