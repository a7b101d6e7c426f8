#include "crypto/x509.h"

#include <openssl/x509v3.h>

#include <ctime>

#include "base/text.h"
#include "crypto/der.h"
#include "crypto/digest.h"
#include "crypto/key_impl.h"
#include "crypto/x509_impl.h"

namespace signet::crypto {
namespace {

constexpr std::size_t kLargestCertificate = 64 * 1024;
constexpr std::size_t kMostIntermediates = 16;
constexpr int kMostDepth = 10;
constexpr int kSecurityLevel = 2;  // 112 bits: RSA and DSA from 2048 bits, no SHA-1

Error malformed_certificate(std::string_view what) {
  return library_error(Code::kInvalid, "certificate_malformed", what);
}

std::optional<Instant> to_instant(const ASN1_TIME* time) {
  std::tm parts{};
  if (ASN1_TIME_to_tm(time, &parts) != 1) return std::nullopt;
  return from_unix_seconds(::timegm(&parts));
}

std::string name_text(const X509_NAME* name) {
  BioPtr bio(BIO_new(BIO_s_mem()));
  // RFC 4514, but UTF-8 stays as it is.
  if (!bio || X509_NAME_print_ex(bio.get(), name, 0, XN_FLAG_RFC2253 & ~ASN1_STRFLGS_ESC_MSB) < 0) {
    return {};
  }
  char* text = nullptr;
  const long size = BIO_get_mem_data(bio.get(), &text);
  return size > 0 ? std::string(text, static_cast<std::size_t>(size)) : std::string();
}

}  // namespace

Result<Certificate> Certificate::from_der(ByteView der) {
  QuietErrors quiet;
  if (der.size() > kLargestCertificate || !der_is_one_element(der)) {
    return malformed_certificate("not one certificate");
  }
  const std::uint8_t* at = der.data();
  X509Ptr x509(d2i_X509(nullptr, &at, static_cast<long>(der.size())));
  if (!x509 || at != der.data() + der.size()) return malformed_certificate("not a certificate");
  const auto from = to_instant(X509_get0_notBefore(x509.get()));
  const auto until = to_instant(X509_get0_notAfter(x509.get()));
  if (!from || !until) return malformed_certificate("a certificate without a readable validity");
  return Certificate(
      std::make_shared<const Impl>(Impl{std::move(x509), to_bytes(der), *from, *until}));
}

const Bytes& Certificate::der() const {
  return impl_->der;
}

Result<PublicKey> Certificate::public_key() const {
  QuietErrors quiet;
  unsigned char* raw = nullptr;
  const int size = i2d_X509_PUBKEY(X509_get_X509_PUBKEY(impl_->x509.get()), &raw);
  const BufferPtr spki(raw);
  if (size <= 0) return malformed_certificate("a certificate without a public key");
  return PublicKey::from_spki(ByteView(raw, static_cast<std::size_t>(size)));
}

std::string Certificate::subject() const {
  return name_text(X509_get_subject_name(impl_->x509.get()));
}
std::string Certificate::issuer() const {
  return name_text(X509_get_issuer_name(impl_->x509.get()));
}

std::string Certificate::serial_hex() const {
  const BnPtr number(ASN1_INTEGER_to_BN(X509_get0_serialNumber(impl_->x509.get()), nullptr));
  if (!number) return {};
  Bytes bytes(static_cast<std::size_t>(BN_num_bytes(number.get())));
  BN_bn2bin(number.get(), bytes.data());
  return (BN_is_negative(number.get()) ? "-" : "") + (bytes.empty() ? "00" : hex(bytes));
}

Instant Certificate::not_before() const {
  return impl_->not_before;
}
Instant Certificate::not_after() const {
  return impl_->not_after;
}
Bytes Certificate::thumbprint(Hash hash) const {
  return digest(hash, impl_->der);
}

bool Certificate::names_as_issuer(const Certificate& other) const {
  return X509_NAME_cmp(X509_get_issuer_name(impl_->x509.get()),
                       X509_get_subject_name(other.impl_->x509.get())) == 0;
}

X509Stack stack_of(const std::vector<Certificate>& certificates) {
  X509Stack stack(sk_X509_new_null());
  for (const auto& certificate : certificates) {
    if (!stack || !sk_X509_push(stack.get(), certificate.impl().x509.get())) return nullptr;
  }
  return stack;
}

Status verify_chain(const Certificate& leaf, const std::vector<Certificate>& intermediates,
                    const std::vector<Certificate>& roots, Instant now, bool for_client_auth) {
  QuietErrors quiet;
  if (intermediates.size() > kMostIntermediates) {
    return Error{Code::kDenied, "certificate_untrusted", "more intermediates than are looked at"};
  }
  Owned<X509_STORE, X509_STORE_free> store(X509_STORE_new());
  Owned<X509_STORE_CTX, X509_STORE_CTX_free> ctx(X509_STORE_CTX_new());
  const X509Stack helpers = stack_of(intermediates);
  if (!store || !ctx || !helpers) return internal_error("checking a certificate");
  for (const auto& root : roots) {
    if (X509_STORE_add_cert(store.get(), root.impl().x509.get()) != 1) {
      return internal_error("checking a certificate");
    }
  }
  if (X509_STORE_CTX_init(ctx.get(), store.get(), leaf.impl().x509.get(), helpers.get()) != 1) {
    return internal_error("checking a certificate");
  }
  X509_VERIFY_PARAM* param = X509_STORE_CTX_get0_param(ctx.get());
  X509_VERIFY_PARAM_set_time(param, unix_seconds(now));
  X509_VERIFY_PARAM_set_depth(param, kMostDepth);
  X509_VERIFY_PARAM_set_auth_level(param, kSecurityLevel);
  // An operator may trust an intermediate authority without its root.
  X509_VERIFY_PARAM_set_flags(param, X509_V_FLAG_PARTIAL_CHAIN);
  if (for_client_auth && X509_VERIFY_PARAM_set_purpose(param, X509_PURPOSE_SSL_CLIENT) != 1) {
    return internal_error("checking a certificate");
  }
  if (X509_verify_cert(ctx.get()) == 1) return Done{};
  return Error{Code::kDenied, "certificate_untrusted",
               X509_verify_cert_error_string(X509_STORE_CTX_get_error(ctx.get()))};
}

}  // namespace signet::crypto
