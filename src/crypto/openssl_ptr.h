#pragma once
// Owners of OpenSSL objects, and its error queue as a value. Only for the sources of this room.

#include <openssl/bio.h>
#include <openssl/bn.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/pkcs12.h>
#include <openssl/pkcs7.h>
#include <openssl/x509.h>

#include <memory>
#include <string_view>

#include "base/result.h"

namespace signet::crypto {

template <auto Free>
struct Freeing {
  template <class T>
  void operator()(T* object) const {
    Free(object);
  }
};
template <class T, auto Free>
using Owned = std::unique_ptr<T, Freeing<Free>>;

using PkeyPtr = Owned<EVP_PKEY, EVP_PKEY_free>;
using PkeyCtxPtr = Owned<EVP_PKEY_CTX, EVP_PKEY_CTX_free>;
using CipherCtxPtr = Owned<EVP_CIPHER_CTX, EVP_CIPHER_CTX_free>;
using BnPtr = Owned<BIGNUM, BN_clear_free>;
using BnCtxPtr = Owned<BN_CTX, BN_CTX_free>;
using BioPtr = Owned<BIO, BIO_free_all>;
using X509Ptr = Owned<X509, X509_free>;
using X509SigPtr = Owned<X509_SIG, X509_SIG_free>;
using X509PubkeyPtr = Owned<X509_PUBKEY, X509_PUBKEY_free>;
using ObjectPtr = Owned<ASN1_OBJECT, ASN1_OBJECT_free>;
using Pkcs12Ptr = Owned<PKCS12, PKCS12_free>;
using SafeBags = Owned<STACK_OF(PKCS12_SAFEBAG), +[](STACK_OF(PKCS12_SAFEBAG) * bags) {
  sk_PKCS12_SAFEBAG_pop_free(bags, PKCS12_SAFEBAG_free);
}>;
using Safes =
    Owned<STACK_OF(PKCS7), +[](STACK_OF(PKCS7) * safes) { sk_PKCS7_pop_free(safes, PKCS7_free); }>;
using Pkcs8Ptr = Owned<PKCS8_PRIV_KEY_INFO, PKCS8_PRIV_KEY_INFO_free>;

inline void free_openssl_memory(void* memory) {
  OPENSSL_free(memory);
}
using BufferPtr = Owned<unsigned char, free_openssl_memory>;
using TextPtr = Owned<char, free_openssl_memory>;

/// Empties the thread's error queue on the way out: what is left in it would be taken for a TLS
/// failure by the next SSL_get_error() of the same thread.
class QuietErrors {
 public:
  QuietErrors() = default;
  QuietErrors(const QuietErrors&) = delete;
  QuietErrors& operator=(const QuietErrors&) = delete;
  ~QuietErrors() { ERR_clear_error(); }
};

/// Whether the library ran out of memory since its error queue was empty; empties the queue. Where
/// an allocation fails inside an operation with an RSA key, OpenSSL 3.0 may report success with a
/// wrong result, and leaves the blinding of that key object halfway, so that later results are
/// wrong too: such a result counts as none, and such an object is given up.
bool ran_out_of_memory();

/// The failure with the library's own words for it; empties the queue.
Error library_error(Code code, const char* reason, std::string_view what);
/// "decrypt_failed", and nothing of why.
Error decrypt_failed();
inline Error internal_error(std::string_view what) {
  return library_error(Code::kInternal, "crypto_library_failed", what);
}

}  // namespace signet::crypto
