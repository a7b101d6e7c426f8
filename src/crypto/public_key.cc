#include <openssl/core_names.h>
#include <openssl/rsa.h>
#include <sodium.h>

#include <algorithm>
#include <array>
#include <bit>

#include "base/text.h"
#include "crypto/der.h"
#include "crypto/key_impl.h"
#include "crypto/rsa_checks.h"

namespace signet::crypto {
namespace {

// AlgorithmIdentifier of each kind (RFC 3279 §2.3.1, RFC 5480 §2.1.1, RFC 8410 §3).
constexpr std::uint8_t kRsaId[] = {0x30, 0x0d, 0x06, 0x09, 0x2a, 0x86, 0x48, 0x86,
                                   0xf7, 0x0d, 0x01, 0x01, 0x01, 0x05, 0x00};
constexpr std::uint8_t kP256Id[] = {0x30, 0x13, 0x06, 0x07, 0x2a, 0x86, 0x48,
                                    0xce, 0x3d, 0x02, 0x01, 0x06, 0x08, 0x2a,
                                    0x86, 0x48, 0xce, 0x3d, 0x03, 0x01, 0x07};
constexpr std::uint8_t kP384Id[] = {0x30, 0x10, 0x06, 0x07, 0x2a, 0x86, 0x48, 0xce, 0x3d,
                                    0x02, 0x01, 0x06, 0x05, 0x2b, 0x81, 0x04, 0x00, 0x22};
constexpr std::uint8_t kP521Id[] = {0x30, 0x10, 0x06, 0x07, 0x2a, 0x86, 0x48, 0xce, 0x3d,
                                    0x02, 0x01, 0x06, 0x05, 0x2b, 0x81, 0x04, 0x00, 0x23};
constexpr std::uint8_t kEd25519Id[] = {0x30, 0x05, 0x06, 0x03, 0x2b, 0x65, 0x70};
constexpr std::uint8_t kX25519Id[] = {0x30, 0x05, 0x06, 0x03, 0x2b, 0x65, 0x6e};

ByteView algorithm_identifier(KeyKind kind) {
  switch (kind) {
    case KeyKind::kEcP256:
      return kP256Id;
    case KeyKind::kEcP384:
      return kP384Id;
    case KeyKind::kEcP521:
      return kP521Id;
    case KeyKind::kEd25519:
      return kEd25519Id;
    case KeyKind::kX25519:
      return kX25519Id;
    default:
      return kRsaId;
  }
}

PkeyPtr build(const char* type, OSSL_PARAM* params) {
  PkeyCtxPtr ctx(EVP_PKEY_CTX_new_from_name(nullptr, type, nullptr));
  EVP_PKEY* pkey = nullptr;
  if (!ctx || EVP_PKEY_fromdata_init(ctx.get()) != 1 ||
      EVP_PKEY_fromdata(ctx.get(), &pkey, EVP_PKEY_PUBLIC_KEY, params) != 1) {
    return nullptr;
  }
  return PkeyPtr(pkey);
}

// OSSL_PARAM holds integers in the order of the machine.
Bytes native_order(ByteView big_endian) {
  static_assert(std::endian::native == std::endian::little);
  return Bytes(big_endian.rbegin(), big_endian.rend());
}

PublicKey make_public(PkeyPtr pkey, KeyKind kind, ByteView first, ByteView second) {
  return PublicKey(std::make_shared<const PublicKey::Impl>(
      PublicKey::Impl{std::move(pkey), kind, to_bytes(first), to_bytes(second)}));
}

Bytes number(const EVP_PKEY* pkey, const char* name) {
  BIGNUM* raw = nullptr;
  if (EVP_PKEY_get_bn_param(pkey, name, &raw) != 1) return {};
  BnPtr value(raw);
  Bytes out(static_cast<std::size_t>(BN_num_bytes(value.get())));
  BN_bn2bin(value.get(), out.data());
  return out;
}

Result<PublicKey> ec_from_pkey(const EVP_PKEY* pkey) {
  int explicit_parameters = 0;
  EVP_PKEY_get_int_param(pkey, OSSL_PKEY_PARAM_EC_DECODED_FROM_EXPLICIT_PARAMS,
                         &explicit_parameters);
  if (explicit_parameters != 0) {
    // Parameters written out instead of a name were how CVE-2020-0601 forged certificates.
    return Error{Code::kUnsupported, "key_unsupported", "an EC key whose curve is not named"};
  }
  std::array<char, 64> name{};
  std::size_t name_size = 0;
  if (EVP_PKEY_get_group_name(pkey, name.data(), name.size(), &name_size) != 1) {
    return malformed_key("an EC key without a curve");
  }
  const std::string_view curve(name.data());
  for (auto [ours, theirs] :
       {std::pair{KeyKind::kEcP256, "prime256v1"}, std::pair{KeyKind::kEcP384, "secp384r1"},
        std::pair{KeyKind::kEcP521, "secp521r1"}}) {
    if (curve != theirs) continue;
    const std::size_t size = field_bytes(ours);
    BIGNUM *x = nullptr, *y = nullptr;
    const bool got = EVP_PKEY_get_bn_param(pkey, OSSL_PKEY_PARAM_EC_PUB_X, &x) == 1 &&
                     EVP_PKEY_get_bn_param(pkey, OSSL_PKEY_PARAM_EC_PUB_Y, &y) == 1;
    BnPtr own_x(x), own_y(y);
    Bytes px(size), py(size);
    if (!got || BN_bn2binpad(x, px.data(), static_cast<int>(size)) < 0 ||
        BN_bn2binpad(y, py.data(), static_cast<int>(size)) < 0) {
      return malformed_key("an EC key without a point");
    }
    return PublicKey::from_ec(ours, px, py);
  }
  return Error{Code::kUnsupported, "key_unsupported", "an EC key on the curve " + quoted(curve)};
}

}  // namespace

Result<PublicKey> PublicKey::from_rsa(ByteView n, ByteView e) {
  QuietErrors quiet;
  TRY(check_rsa_public(n, e));
  Bytes native_n = native_order(n), native_e = native_order(e);
  OSSL_PARAM params[] = {
      OSSL_PARAM_construct_BN(OSSL_PKEY_PARAM_RSA_N, native_n.data(), native_n.size()),
      OSSL_PARAM_construct_BN(OSSL_PKEY_PARAM_RSA_E, native_e.data(), native_e.size()),
      OSSL_PARAM_construct_end()};
  PkeyPtr pkey = build("RSA", params);
  if (!pkey) return malformed_key("an RSA public key");
  return make_public(std::move(pkey), KeyKind::kRsa, n, e);
}

Result<PublicKey> PublicKey::from_ec(KeyKind curve, ByteView x, ByteView y) {
  QuietErrors quiet;
  if (!is_nist_curve(curve)) {
    return Error{Code::kUnsupported, "key_unsupported",
                 "an EC key on " + std::string(to_string(curve))};
  }
  const std::size_t size = field_bytes(curve);
  if (x.size() != size || y.size() != size) {
    return malformed_key("an EC coordinate that is not exactly as long as the field");
  }
  std::array<std::uint8_t, 1 + 2 * 66> point;
  point[0] = 0x04;
  std::copy(x.begin(), x.end(), point.begin() + 1);
  std::copy(y.begin(), y.end(), point.begin() + 1 + static_cast<std::ptrdiff_t>(size));
  OSSL_PARAM params[] = {
      OSSL_PARAM_construct_utf8_string(OSSL_PKEY_PARAM_GROUP_NAME,
                                       const_cast<char*>(openssl_name(curve)), 0),
      OSSL_PARAM_construct_octet_string(OSSL_PKEY_PARAM_PUB_KEY, point.data(), 1 + 2 * size),
      OSSL_PARAM_construct_end()};
  // Reading the point checks that it is on the curve; with a cofactor of 1 nothing else can be
  // wrong with it, and the point at infinity has no such form.
  PkeyPtr pkey = build("EC", params);
  if (!pkey) {
    return library_error(Code::kInvalid, "key_point_invalid",
                         "a point that is not on " + std::string(to_string(curve)));
  }
  return make_public(std::move(pkey), curve, x, y);
}

Result<PublicKey> PublicKey::from_okp(KeyKind curve, ByteView x) {
  QuietErrors quiet;
  if (curve != KeyKind::kEd25519 && curve != KeyKind::kX25519) {
    return Error{Code::kUnsupported, "key_unsupported",
                 "an octet key pair on " + std::string(to_string(curve))};
  }
  if (x.size() != field_bytes(curve)) return malformed_key("an octet key of the wrong length");
  if (curve == KeyKind::kEd25519 && ::crypto_core_ed25519_is_valid_point(x.data()) != 1) {
    return Error{Code::kInvalid, "key_point_invalid",
                 "a point that is not on Ed25519, or of low order"};
  }
  PkeyPtr pkey(
      EVP_PKEY_new_raw_public_key_ex(nullptr, openssl_name(curve), nullptr, x.data(), x.size()));
  if (!pkey) return malformed_key("an octet key");
  return make_public(std::move(pkey), curve, x, {});
}

Result<PublicKey> public_from_pkey(const EVP_PKEY* pkey) {
  switch (EVP_PKEY_get_base_id(pkey)) {
    case EVP_PKEY_RSA:
      return PublicKey::from_rsa(number(pkey, OSSL_PKEY_PARAM_RSA_N),
                                 number(pkey, OSSL_PKEY_PARAM_RSA_E));
    case EVP_PKEY_EC:
      return ec_from_pkey(pkey);
    case EVP_PKEY_ED25519:
    case EVP_PKEY_X25519: {
      const bool signs = EVP_PKEY_get_base_id(pkey) == EVP_PKEY_ED25519;
      std::array<std::uint8_t, 32> raw;
      std::size_t size = raw.size();
      if (EVP_PKEY_get_raw_public_key(pkey, raw.data(), &size) != 1) {
        return malformed_key("an octet key without its public half");
      }
      return PublicKey::from_okp(signs ? KeyKind::kEd25519 : KeyKind::kX25519,
                                 ByteView(raw.data(), size));
    }
    default: {
      const char* name = EVP_PKEY_get0_type_name(pkey);
      return Error{Code::kUnsupported, "key_unsupported",
                   "a key of the kind " + quoted(name ? name : "unknown")};
    }
  }
}

Result<PublicKey> PublicKey::from_spki(ByteView der) {
  QuietErrors quiet;
  if (der.size() > kLargestDer || !der_is_one_element(der)) {
    return malformed_key("not one SubjectPublicKeyInfo");
  }
  const std::uint8_t* at = der.data();
  X509PubkeyPtr spki(d2i_X509_PUBKEY(nullptr, &at, static_cast<long>(der.size())));
  if (!spki || at != der.data() + der.size()) return malformed_key("not a SubjectPublicKeyInfo");
  if (const EVP_PKEY* pkey = X509_PUBKEY_get0(spki.get())) return public_from_pkey(pkey);
  ASN1_OBJECT* oid = nullptr;
  X509_PUBKEY_get0_param(&oid, nullptr, nullptr, nullptr, spki.get());
  if (const int nid = OBJ_obj2nid(oid); nid != EVP_PKEY_RSA && nid != EVP_PKEY_EC &&
                                        nid != EVP_PKEY_ED25519 && nid != EVP_PKEY_X25519) {
    return library_error(Code::kUnsupported, "key_unsupported", "a public key of unknown kind");
  }
  return malformed_key("a public key");
}

Result<PublicKey> PublicKey::from_rsa_pkcs1(ByteView der) {
  QuietErrors quiet;
  ByteView rest = der;
  auto sequence = der_take(rest, kDerSequence);
  if (!sequence || !rest.empty()) return malformed_key("not an RSAPublicKey");
  const auto n = der_take_unsigned(*sequence);
  const auto e = n ? der_take_unsigned(*sequence) : std::nullopt;
  if (!e || !sequence->empty()) return malformed_key("not an RSAPublicKey");
  return from_rsa(*n, *e);
}

KeyKind PublicKey::kind() const {
  return impl_->kind;
}

std::size_t PublicKey::bits() const {
  switch (impl_->kind) {
    case KeyKind::kRsa:
      return (impl_->first.size() - 1) * 8 +
             static_cast<std::size_t>(std::bit_width(impl_->first[0]));
    case KeyKind::kEcP521:
      return 521;
    default:
      return impl_->first.size() * 8;
  }
}

Bytes PublicKey::spki() const {
  Bytes buffer(impl_->first.size() + impl_->second.size() + 64);
  DerWriter der(buffer);
  const std::size_t end = der.position();
  if (impl_->kind == KeyKind::kRsa) {
    der.integer(impl_->second).integer(impl_->first).wrap(kDerSequence, end);
  } else {
    der.raw(impl_->second).raw(impl_->first);
    const std::uint8_t uncompressed = 0x04;
    if (!impl_->second.empty()) der.raw({&uncompressed, 1});
  }
  const std::uint8_t unused_bits = 0;
  der.raw({&unused_bits, 1}).wrap(kDerBitString, end);
  der.raw(algorithm_identifier(impl_->kind)).wrap(kDerSequence, end);
  return to_bytes(der.written());
}

RsaPublicParts PublicKey::rsa_parts() const {
  return {impl_->first, impl_->second};
}
EcPublicParts PublicKey::ec_parts() const {
  return {impl_->first, impl_->second};
}
Bytes PublicKey::okp_x() const {
  return impl_->first;
}

bool operator==(const PublicKey& a, const PublicKey& b) {
  return a.impl_ == b.impl_ ||
         (a.impl_->kind == b.impl_->kind && a.impl_->first == b.impl_->first &&
          a.impl_->second == b.impl_->second);
}

}  // namespace signet::crypto
