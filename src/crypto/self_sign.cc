#include <openssl/x509v3.h>

#include "crypto/fetched.h"
#include "crypto/key_impl.h"
#include "crypto/x509_impl.h"

namespace signet::crypto {
namespace {

bool set_serial(X509* x509, Bytes serial) {
  if (serial.empty() || serial.size() > 20) return false;
  serial[0] &= 0x7f;
  const BnPtr number(BN_bin2bn(serial.data(), static_cast<int>(serial.size()), nullptr));
  // RFC 5280 §4.1.2.2: positive.
  return number && !BN_is_zero(number.get()) &&
         BN_to_ASN1_INTEGER(number.get(), X509_get_serialNumber(x509)) != nullptr;
}

bool set_names(X509* x509, const std::string& common_name) {
  X509_NAME* name = X509_get_subject_name(x509);
  return X509_NAME_add_entry_by_txt(name, "CN", MBSTRING_UTF8,
                                    reinterpret_cast<const unsigned char*>(common_name.data()),
                                    static_cast<int>(common_name.size()), -1, 0) == 1 &&
         X509_set_issuer_name(x509, name) == 1;
}

bool add_extension(X509* x509, int nid, const char* value) {
  X509V3_CTX ctx;
  X509V3_set_ctx_nodb(&ctx);
  X509V3_set_ctx(&ctx, x509, x509, nullptr, nullptr, 0);
  const Owned<X509_EXTENSION, X509_EXTENSION_free> extension(
      X509V3_EXT_conf_nid(nullptr, &ctx, nid, value));
  return extension && X509_add_ext(x509, extension.get(), -1) == 1;
}

const EVP_MD* signing_digest(KeyKind kind) {
  switch (kind) {
    case KeyKind::kEd25519:
      return nullptr;
    case KeyKind::kEcP384:
      return fetched_md(Hash::kSha384);
    case KeyKind::kEcP521:
      return fetched_md(Hash::kSha512);
    default:
      return fetched_md(Hash::kSha256);
  }
}

}  // namespace

Result<Certificate> self_sign(const PrivateKey& key, const SelfSignedSpec& spec) {
  QuietErrors quiet;
  if (key.kind() == KeyKind::kX25519) {
    return Error{Code::kInvalid, "key_wrong_kind", "an X25519 key cannot sign a certificate"};
  }
  const X509Ptr x509(X509_new());
  EVP_PKEY* pkey = key.impl().pkey.get();
  if (!x509 || X509_set_version(x509.get(), X509_VERSION_3) != 1 ||
      !set_serial(x509.get(), spec.serial) || !set_names(x509.get(), spec.common_name) ||
      !ASN1_TIME_set(X509_getm_notBefore(x509.get()), unix_seconds(spec.not_before)) ||
      !ASN1_TIME_set(X509_getm_notAfter(x509.get()), unix_seconds(spec.not_after)) ||
      X509_set_pubkey(x509.get(), pkey) != 1 ||
      !add_extension(x509.get(), NID_basic_constraints, "critical,CA:FALSE") ||
      !add_extension(x509.get(), NID_key_usage, "critical,digitalSignature") ||
      !add_extension(x509.get(), NID_subject_key_identifier, "hash")) {
    return library_error(Code::kInvalid, "certificate_spec_invalid",
                         "the name, serial or validity of a certificate");
  }
  if (X509_sign(x509.get(), pkey, signing_digest(key.kind())) <= 0) {
    return internal_error("signing a certificate");
  }
  unsigned char* raw = nullptr;
  const int size = i2d_X509(x509.get(), &raw);
  const BufferPtr der(raw);
  if (size <= 0) return internal_error("encoding a certificate");
  return Certificate::from_der(ByteView(raw, static_cast<std::size_t>(size)));
}

}  // namespace signet::crypto
