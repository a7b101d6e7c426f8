#include "crypto/schemes.h"

#include <openssl/rsa.h>

#include "crypto/fetched.h"

namespace signet::crypto {

Hash hash_of(Signature scheme) {
  switch (scheme) {
    case Signature::kRs384:
    case Signature::kPs384:
    case Signature::kEs384:
      return Hash::kSha384;
    case Signature::kRs512:
    case Signature::kPs512:
    case Signature::kEs512:
      return Hash::kSha512;
    default:
      return Hash::kSha256;
  }
}

bool is_ecdsa(Signature scheme) {
  return scheme == Signature::kEs256 || scheme == Signature::kEs384 || scheme == Signature::kEs512;
}

PkeyCtxPtr prepare(EVP_PKEY* pkey, Signature scheme, bool to_sign) {
  PkeyCtxPtr ctx(EVP_PKEY_CTX_new_from_pkey(nullptr, pkey, nullptr));
  if (!ctx) return nullptr;
  const int started = to_sign ? EVP_PKEY_sign_init(ctx.get()) : EVP_PKEY_verify_init(ctx.get());
  if (started != 1) return nullptr;
  const EVP_MD* md = fetched_md(hash_of(scheme));
  if (is_ecdsa(scheme)) {
    return EVP_PKEY_CTX_set_signature_md(ctx.get(), md) == 1 ? std::move(ctx) : nullptr;
  }
  const bool pss =
      scheme == Signature::kPs256 || scheme == Signature::kPs384 || scheme == Signature::kPs512;
  const int padding = pss ? RSA_PKCS1_PSS_PADDING : RSA_PKCS1_PADDING;
  if (EVP_PKEY_CTX_set_rsa_padding(ctx.get(), padding) != 1 ||
      EVP_PKEY_CTX_set_signature_md(ctx.get(), md) != 1) {
    return nullptr;
  }
  // RFC 7518 §3.5: MGF1 with the same hash, and a salt exactly as long as the hash.
  if (pss && (EVP_PKEY_CTX_set_rsa_mgf1_md(ctx.get(), md) != 1 ||
              EVP_PKEY_CTX_set_rsa_pss_saltlen(ctx.get(), RSA_PSS_SALTLEN_DIGEST) != 1)) {
    return nullptr;
  }
  return ctx;
}

std::unique_ptr<Prepared> prepare_copy(EVP_PKEY* pkey, Signature scheme, bool to_sign) {
  auto out = std::make_unique<Prepared>();
  out->pkey.reset(EVP_PKEY_dup(pkey));
  if (out->pkey) out->ctx = prepare(out->pkey.get(), scheme, to_sign);
  return out;
}

Status check_fits(KeyKind kind, Signature scheme) {
  if (kind == key_kind(scheme)) return Done{};
  return Error{Code::kInvalid, "key_wrong_kind",
               "a key of the kind " + std::string(to_string(kind)) + " where " +
                   std::string(to_string(key_kind(scheme))) + " is needed"};
}

}  // namespace signet::crypto
