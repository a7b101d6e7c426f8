// The forms in which private keys lie in files: PKCS#8, plain and encrypted, and the older ones.

#include <openssl/pem.h>

#include <cstring>

#include "base/text.h"
#include "crypto/der.h"
#include "crypto/key_impl.h"
#include "crypto/pbe.h"

namespace signet::crypto {
namespace {

bool is_served(int nid) {
  return nid == EVP_PKEY_RSA || nid == EVP_PKEY_EC || nid == EVP_PKEY_ED25519 ||
         nid == EVP_PKEY_X25519;
}

int give_password(char* buffer, int size, int, void* user) {
  const ByteView password = *static_cast<const ByteView*>(user);
  if (password.empty() || password.size() > static_cast<std::size_t>(size)) return -1;
  std::memcpy(buffer, password.data(), password.size());
  return static_cast<int>(password.size());
}

// What PEM_read_bio allocates.
struct PemParts {
  char* name = nullptr;
  char* header = nullptr;
  unsigned char* data = nullptr;
  long size = 0;
  ~PemParts() {
    OPENSSL_free(name);
    OPENSSL_free(header);
    OPENSSL_clear_free(data, static_cast<std::size_t>(capacity));
  }
  long capacity = 0;
};

}  // namespace

Result<PrivateKey> PrivateKey::from_pkcs8(ByteView der) {
  QuietErrors quiet;
  if (der.size() > kLargestDer || !der_is_one_element(der)) {
    return malformed_key("not one PrivateKeyInfo");
  }
  const std::uint8_t* at = der.data();
  const Pkcs8Ptr info(d2i_PKCS8_PRIV_KEY_INFO(nullptr, &at, static_cast<long>(der.size())));
  if (!info || at != der.data() + der.size()) return malformed_key("not a PrivateKeyInfo");
  PkeyPtr pkey(EVP_PKCS82PKEY(info.get()));
  if (pkey) return private_from_pkey(std::move(pkey), SecretBytes(der));
  const ASN1_OBJECT* oid = nullptr;
  PKCS8_pkey_get0(&oid, nullptr, nullptr, nullptr, info.get());
  if (!is_served(OBJ_obj2nid(oid))) {
    const char* name = OBJ_nid2ln(OBJ_obj2nid(oid));
    return library_error(Code::kUnsupported, "key_unsupported",
                         "a private key of the kind " + quoted(name ? name : "unknown"));
  }
  return malformed_key("a private key");
}

Result<PrivateKey> PrivateKey::from_encrypted_pkcs8(ByteView der, ByteView password) {
  PbeBudget budget;
  TRY(SecretBytes plain, pbe_decrypt_pkcs8(der, password, budget, "key_password_wrong"));
  return from_pkcs8(plain.view());
}

Result<PrivateKey> PrivateKey::from_traditional(ByteView der) {
  QuietErrors quiet;
  if (der.size() > kLargestDer || !der_is_one_element(der)) {
    return malformed_key("not one private key");
  }
  const std::uint8_t* at = der.data();
  PkeyPtr pkey(d2i_AutoPrivateKey(nullptr, &at, static_cast<long>(der.size())));
  if (!pkey || at != der.data() + der.size()) return malformed_key("a traditional private key");
  return private_from_pkey(std::move(pkey), {});
}

Result<PrivateKey> PrivateKey::from_encrypted_traditional_pem(std::string_view pem,
                                                              ByteView password) {
  QuietErrors quiet;
  if (pem.size() > kLargestDer) return malformed_key("a PEM text that is too large");
  BioPtr bio(BIO_new_mem_buf(pem.data(), static_cast<int>(pem.size())));
  PemParts parts;
  if (!bio || PEM_read_bio(bio.get(), &parts.name, &parts.header, &parts.data, &parts.size) != 1) {
    return malformed_key("not a PEM text");
  }
  parts.capacity = parts.size;
  EVP_CIPHER_INFO cipher{};
  if (PEM_get_EVP_CIPHER_INFO(parts.header, &cipher) != 1) {
    return library_error(Code::kUnsupported, "key_encryption_unsupported",
                         "the encryption of a traditional PEM key");
  }
  if (PEM_do_header(&cipher, parts.data, &parts.size, give_password, &password) != 1) {
    return Error{Code::kDenied, "key_password_wrong", "the password does not open the key"};
  }
  const ByteView der(parts.data, static_cast<std::size_t>(parts.size));
  if (der.empty() || der[0] != kDerSequence || !der_is_one_element(der)) {
    return Error{Code::kDenied, "key_password_wrong", "the password does not open the key"};
  }
  return from_traditional(der);
}

}  // namespace signet::crypto
