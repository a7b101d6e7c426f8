#include <openssl/core_names.h>
#include <openssl/rsa.h>

#include <algorithm>
#include <array>

#include "base/text.h"
#include "crypto/der.h"
#include "crypto/key_impl.h"
#include "crypto/rsa_checks.h"

namespace signet::crypto {
namespace {

SecretBytes secret_number(const EVP_PKEY* pkey, const char* name) {
  BIGNUM* raw = BN_secure_new();
  BnPtr value(raw);
  if (!raw || EVP_PKEY_get_bn_param(pkey, name, &raw) != 1) return {};
  SecretBytes out(static_cast<std::size_t>(BN_num_bytes(raw)));
  BN_bn2bin(raw, out.span().data());
  return out;
}

RsaPrivateParts read_rsa_parts(const EVP_PKEY* pkey) {
  return {secret_number(pkey, OSSL_PKEY_PARAM_RSA_D),
          secret_number(pkey, OSSL_PKEY_PARAM_RSA_FACTOR1),
          secret_number(pkey, OSSL_PKEY_PARAM_RSA_FACTOR2),
          secret_number(pkey, OSSL_PKEY_PARAM_RSA_EXPONENT1),
          secret_number(pkey, OSSL_PKEY_PARAM_RSA_EXPONENT2),
          secret_number(pkey, OSSL_PKEY_PARAM_RSA_COEFFICIENT1)};
}

Error mismatch() {
  return library_error(Code::kInvalid, "key_mismatch",
                       "the private key does not belong to the public one");
}

PrivateKey make_private(PkeyPtr pkey, PublicKey pub, SecretBytes okp_d, SecretBytes pkcs8) {
  return PrivateKey(std::make_shared<const PrivateKey::Impl>(
      PrivateKey::Impl{std::move(pkey), std::move(pub), std::move(okp_d), std::move(pkcs8), {}}));
}

Result<SecretBytes> raw_private(const EVP_PKEY* pkey) {
  SecretBytes d(32);
  std::size_t size = d.size();
  if (EVP_PKEY_get_raw_private_key(pkey, d.span().data(), &size) != 1 || size != d.size()) {
    return malformed_key("an octet key without its private half");
  }
  return d;
}

Status check_private(const EVP_PKEY* pkey, const PublicKey& pub) {
  if (pub.kind() == KeyKind::kRsa) {
    const RsaPrivateParts parts = read_rsa_parts(pkey);
    if (parts.d.empty()) return malformed_key("an RSA key without its private half");
    TRY(complete_rsa_private(pub.rsa_parts(), parts));
    return Done{};
  }
  PkeyCtxPtr ctx(EVP_PKEY_CTX_new_from_pkey(nullptr, const_cast<EVP_PKEY*>(pkey), nullptr));
  if (!ctx || EVP_PKEY_private_check(ctx.get()) != 1) {
    return malformed_key("a private key that is out of range");
  }
  if (EVP_PKEY_pairwise_check(ctx.get()) != 1) return mismatch();
  return Done{};
}

}  // namespace

Result<PrivateKey> private_from_pkey(PkeyPtr pkey, SecretBytes pkcs8) {
  QuietErrors quiet;
  TRY(PublicKey pub, public_from_pkey(pkey.get()));
  if (pub.kind() == KeyKind::kEd25519 || pub.kind() == KeyKind::kX25519) {
    TRY(SecretBytes d, raw_private(pkey.get()));
    return make_private(std::move(pkey), std::move(pub), std::move(d), std::move(pkcs8));
  }
  TRY(check_private(pkey.get(), pub));
  return make_private(std::move(pkey), std::move(pub), {}, std::move(pkcs8));
}

Result<PrivateKey> PrivateKey::from_rsa(const RsaPublicParts& pub, const RsaPrivateParts& parts) {
  QuietErrors quiet;
  TRY(PublicKey public_half, PublicKey::from_rsa(pub.n, pub.e));
  TRY(RsaPrivateParts all, complete_rsa_private(pub, parts));
  // Through RSAPrivateKey (RFC 8017 §A.1.2), because OpenSSL reads that into its secure heap and
  // numbers from OSSL_PARAM onto the ordinary one.
  SecretBytes buffer(pub.n.size() * 6 + 64);
  DerWriter der(buffer.span());
  const std::size_t end = der.position();
  der.integer(all.qi.view()).integer(all.dq.view()).integer(all.dp.view());
  der.integer(all.q.view()).integer(all.p.view()).integer(all.d.view());
  der.integer(pub.e).integer(pub.n).integer({}).wrap(kDerSequence, end);
  const std::uint8_t* at = der.written().data();
  PkeyPtr pkey(d2i_PrivateKey(EVP_PKEY_RSA, nullptr, &at, static_cast<long>(der.written().size())));
  if (!der.ok() || !pkey) return malformed_key("an RSA private key");
  return make_private(std::move(pkey), std::move(public_half), {}, {});
}

Result<PrivateKey> PrivateKey::from_ec(KeyKind curve, ByteView x, ByteView y, ByteView d) {
  QuietErrors quiet;
  TRY(PublicKey pub, PublicKey::from_ec(curve, x, y));
  const std::size_t size = field_bytes(curve);
  if (d.size() != size) return malformed_key("an EC private key that is not as long as the field");
  std::array<std::uint8_t, 1 + 2 * 66> point;
  point[0] = 0x04;
  std::copy(x.begin(), x.end(), point.begin() + 1);
  std::copy(y.begin(), y.end(), point.begin() + 1 + static_cast<std::ptrdiff_t>(size));
  SecretBytes native_d(size);
  std::reverse_copy(d.begin(), d.end(), native_d.span().begin());
  OSSL_PARAM params[] = {
      OSSL_PARAM_construct_utf8_string(OSSL_PKEY_PARAM_GROUP_NAME,
                                       const_cast<char*>(openssl_name(curve)), 0),
      OSSL_PARAM_construct_octet_string(OSSL_PKEY_PARAM_PUB_KEY, point.data(), 1 + 2 * size),
      OSSL_PARAM_construct_BN(OSSL_PKEY_PARAM_PRIV_KEY, native_d.span().data(), size),
      OSSL_PARAM_construct_end()};
  PkeyCtxPtr ctx(EVP_PKEY_CTX_new_from_name(nullptr, "EC", nullptr));
  EVP_PKEY* raw = nullptr;
  if (!ctx || EVP_PKEY_fromdata_init(ctx.get()) != 1 ||
      EVP_PKEY_fromdata(ctx.get(), &raw, EVP_PKEY_KEYPAIR, params) != 1) {
    return malformed_key("an EC private key");
  }
  PkeyPtr pkey(raw);
  TRY(check_private(pkey.get(), pub));
  return make_private(std::move(pkey), std::move(pub), {}, {});
}

Result<PrivateKey> PrivateKey::from_okp(KeyKind curve, ByteView x, ByteView d) {
  QuietErrors quiet;
  TRY(PublicKey pub, PublicKey::from_okp(curve, x));
  if (d.size() != field_bytes(curve)) return malformed_key("an octet key of the wrong length");
  PkeyPtr pkey(
      EVP_PKEY_new_raw_private_key_ex(nullptr, openssl_name(curve), nullptr, d.data(), d.size()));
  if (!pkey) return malformed_key("an octet key");
  TRY(PublicKey derived, public_from_pkey(pkey.get()));
  if (!(derived == pub)) return mismatch();
  return make_private(std::move(pkey), std::move(pub), SecretBytes(d), {});
}

Result<PrivateKey> PrivateKey::generate(KeyKind kind, std::size_t bits) {
  QuietErrors quiet;
  PkeyPtr pkey;
  if (kind == KeyKind::kRsa) {
    if (bits != 2048 && bits != 3072 && bits != 4096) {
      return Error{Code::kInvalid, "key_size_unsupported", "RSA keys are 2048, 3072 or 4096 bits"};
    }
    pkey.reset(EVP_PKEY_Q_keygen(nullptr, nullptr, "RSA", bits));
  } else if (is_nist_curve(kind)) {
    pkey.reset(EVP_PKEY_Q_keygen(nullptr, nullptr, "EC", openssl_name(kind)));
  } else if (field_bytes(kind) != 0) {
    pkey.reset(EVP_PKEY_Q_keygen(nullptr, nullptr, openssl_name(kind)));
  } else {
    return Error{Code::kUnsupported, "key_unsupported",
                 "keys of the kind " + std::string(to_string(kind)) + " are not made here"};
  }
  if (!pkey) return internal_error("making a key");
  return private_from_pkey(std::move(pkey), {});
}

PublicKey PrivateKey::public_key() const {
  return impl_->pub;
}
KeyKind PrivateKey::kind() const {
  return impl_->pub.kind();
}

SecretBytes PrivateKey::pkcs8() const {
  QuietErrors quiet;
  if (!impl_->pkcs8.empty()) return impl_->pkcs8.clone();
  const Pkcs8Ptr info(EVP_PKEY2PKCS8(impl_->pkey.get()));
  const int size = info ? i2d_PKCS8_PRIV_KEY_INFO(info.get(), nullptr) : 0;
  if (size <= 0) return {};
  SecretBytes out(static_cast<std::size_t>(size));
  std::uint8_t* at = out.span().data();
  i2d_PKCS8_PRIV_KEY_INFO(info.get(), &at);
  return out;
}

RsaPrivateParts PrivateKey::rsa_parts() const {
  QuietErrors quiet;
  RsaPrivateParts parts = read_rsa_parts(impl_->pkey.get());
  if (!parts.qi.empty()) return parts;
  auto all = complete_rsa_private(impl_->pub.rsa_parts(), parts);
  return all.ok() ? std::move(all).value() : std::move(parts);
}

SecretBytes PrivateKey::ec_d() const {
  const SecretBytes d = secret_number(impl_->pkey.get(), OSSL_PKEY_PARAM_PRIV_KEY);
  SecretBytes out(field_bytes(kind()));
  std::copy(d.view().begin(), d.view().end(),
            out.span().end() - static_cast<std::ptrdiff_t>(d.size()));
  return out;
}

SecretBytes PrivateKey::okp_d() const {
  return impl_->okp_d.clone();
}

}  // namespace signet::crypto
