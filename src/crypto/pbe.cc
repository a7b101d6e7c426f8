#include "crypto/pbe.h"

#include <openssl/objects.h>

#include "crypto/der.h"
#include "crypto/fetched.h"

namespace signet::crypto {
namespace {

constexpr std::int64_t kMostOfOne = 2'500'000;
constexpr std::size_t kLargestData = 4 << 20;

Error excessive() {
  return Error{Code::kInvalid, "keystore_iterations_excessive",
               "opening it would take more work than the limit allows"};
}

Error malformed_pbe() {
  return library_error(Code::kInvalid, "key_malformed", "parameters of a password encryption");
}

std::int64_t number(const ASN1_INTEGER* integer) {
  std::int64_t value = -1;
  if (!integer || ASN1_INTEGER_get_int64(&value, integer) != 1) return -1;
  return value;
}

Status spend_scrypt(PbeBudget& budget, const ASN1_TYPE* parameter) {
  const Owned<SCRYPT_PARAMS, SCRYPT_PARAMS_free> params(static_cast<SCRYPT_PARAMS*>(
      ASN1_TYPE_unpack_sequence(ASN1_ITEM_rptr(SCRYPT_PARAMS), parameter)));
  if (!params) return malformed_pbe();
  const std::int64_t n = number(params->costParameter), r = number(params->blockSize),
                     p = number(params->parallelizationParameter);
  if (n < 1 || r < 1 || p < 1 || n > kMostOfOne || r > 1024 || p > 1024) return excessive();
  return budget.spend(n * r * p);
}

// Measured against PBKDF2 with SHA-256, for the 32 bytes that the longest key takes.
std::int64_t weight_of_prf(int nid) {
  switch (nid) {
    case NID_hmacWithSHA224:
    case NID_hmacWithSHA256:
      return 1;
    case NID_hmacWithSHA1:  // two blocks
    case NID_hmacWithMD5:
      return 2;
    case NID_hmacWithSHA384:
    case NID_hmacWithSHA512:
      return 3;
    default:
      return 5;
  }
}

Status spend_pbes2(PbeBudget& budget, const ASN1_TYPE* parameter) {
  const Owned<PBE2PARAM, PBE2PARAM_free> params(
      static_cast<PBE2PARAM*>(ASN1_TYPE_unpack_sequence(ASN1_ITEM_rptr(PBE2PARAM), parameter)));
  if (!params) return malformed_pbe();
  const X509_ALGOR* derivation = params->keyfunc;
  switch (OBJ_obj2nid(derivation->algorithm)) {
    case NID_id_pbkdf2: {
      const Owned<PBKDF2PARAM, PBKDF2PARAM_free> pbkdf2(static_cast<PBKDF2PARAM*>(
          ASN1_TYPE_unpack_sequence(ASN1_ITEM_rptr(PBKDF2PARAM), derivation->parameter)));
      if (!pbkdf2) return malformed_pbe();
      // SHA-1 is the default (RFC 8018 §A.2).
      const int prf = pbkdf2->prf ? OBJ_obj2nid(pbkdf2->prf->algorithm) : NID_hmacWithSHA1;
      return budget.spend(number(pbkdf2->iter), weight_of_prf(prf));
    }
    case NID_id_scrypt:
      return spend_scrypt(budget, derivation->parameter);
    default:
      return Error{Code::kUnsupported, "key_encryption_unsupported",
                   "a key derivation that is neither PBKDF2 nor scrypt"};
  }
}

// Tells an algorithm that nobody knows from a password that does not fit; empties the queue.
bool failed_for_want_of_an_algorithm() {
  bool unsupported = false;
  while (const unsigned long error = ERR_get_error()) {
    const int reason = ERR_GET_REASON(error);
    if (reason == ERR_R_UNSUPPORTED) unsupported = true;
    if (ERR_GET_LIB(error) != ERR_LIB_EVP) continue;
    unsupported = unsupported || reason == EVP_R_UNKNOWN_PBE_ALGORITHM ||
                  reason == EVP_R_UNKNOWN_CIPHER || reason == EVP_R_UNSUPPORTED_CIPHER ||
                  reason == EVP_R_UNSUPPORTED_PRF || reason == EVP_R_UNSUPPORTED_ALGORITHM ||
                  reason == EVP_R_UNSUPPORTED_KEY_DERIVATION_FUNCTION ||
                  reason == EVP_R_UNKNOWN_DIGEST;
  }
  return unsupported;
}

}  // namespace

Status PbeBudget::spend(std::int64_t iterations, std::int64_t weight) {
  if (iterations < 1 || iterations > left_ / weight) return excessive();
  left_ -= iterations * weight;
  return Done{};
}

Status PbeBudget::spend_on_mac(std::int64_t iterations, const EVP_MD* digest) {
  switch (EVP_MD_get_type(digest)) {
    case NID_sha1:
    case NID_sha224:
    case NID_sha256:
    case NID_md5:
      return spend(iterations);
    case NID_sha384:
    case NID_sha512:
      return spend(iterations, 2);
    default:
      return spend(iterations, 4);
  }
}

Status PbeBudget::spend(const X509_ALGOR* algorithm) {
  QuietErrors quiet;
  if (OBJ_obj2nid(algorithm->algorithm) == NID_pbes2) {
    return spend_pbes2(*this, algorithm->parameter);
  }
  int digest = 0, cipher = 0;
  EVP_PBE_KEYGEN* keygen = nullptr;
  if (!EVP_PBE_find(EVP_PBE_TYPE_OUTER, OBJ_obj2nid(algorithm->algorithm), &cipher, &digest,
                    &keygen)) {
    return Error{Code::kUnsupported, "key_encryption_unsupported",
                 "a password encryption that is not known"};
  }
  const Owned<PBEPARAM, PBEPARAM_free> params(static_cast<PBEPARAM*>(
      ASN1_TYPE_unpack_sequence(ASN1_ITEM_rptr(PBEPARAM), algorithm->parameter)));
  if (!params) return malformed_pbe();
  // PKCS#12 and PKCS#5 v1.5: a key of two blocks and an IV of one.
  return spend(params->iter ? number(params->iter) : 1, 2);
}

Result<SecretBytes> pbe_decrypt(const X509_ALGOR* algorithm, ByteView data, ByteView password,
                                PbeBudget& budget, const char* wrong) {
  QuietErrors quiet;
  if (data.size() > kLargestData) return malformed_pbe();
  unsigned char* out = nullptr;
  int size = 0;
  const auto opens_with = [&](const char* text) {
    return PKCS12_pbe_crypt_ex(algorithm, text, static_cast<int>(password.size()), data.data(),
                               static_cast<int>(data.size()), &out, &size, 0, legacy_context(),
                               nullptr) != nullptr;
  };
  TRY(budget.spend(algorithm));
  bool opened = opens_with(password.empty() ? "" : reinterpret_cast<const char*>(password.data()));
  if (!opened && failed_for_want_of_an_algorithm()) {
    return Error{Code::kUnsupported, "key_encryption_unsupported",
                 "a password encryption that is not available"};
  }
  if (!opened && password.empty()) {
    // PKCS#12 tells an absent password from an empty one, and writers disagree about which is
    // which.
    TRY(budget.spend(algorithm));
    opened = opens_with(nullptr);
  }
  if (!opened) return Error{Code::kDenied, wrong, "the password does not open it"};
  SecretBytes plain(ByteView(out, static_cast<std::size_t>(size)));
  OPENSSL_clear_free(out, static_cast<std::size_t>(size));
  return plain;
}

Result<SecretBytes> pbe_decrypt_pkcs8(const X509_SIG* encrypted, ByteView password,
                                      PbeBudget& budget, const char* wrong) {
  const X509_ALGOR* algorithm = nullptr;
  const ASN1_OCTET_STRING* data = nullptr;
  X509_SIG_get0(encrypted, &algorithm, &data);
  TRY(SecretBytes plain, pbe_decrypt(algorithm,
                                     ByteView(ASN1_STRING_get0_data(data),
                                              static_cast<std::size_t>(ASN1_STRING_length(data))),
                                     password, budget, wrong));
  // One wrong password in 256 leaves padding that happens to be right.
  if (plain.empty() || plain.view()[0] != kDerSequence || !der_is_one_element(plain.view())) {
    return Error{Code::kDenied, wrong, "the password does not open it"};
  }
  return plain;
}

Result<SecretBytes> pbe_decrypt_pkcs8(ByteView der, ByteView password, PbeBudget& budget,
                                      const char* wrong) {
  QuietErrors quiet;
  if (der.size() > kLargestData || !der_is_one_element(der)) return malformed_pbe();
  const std::uint8_t* at = der.data();
  const X509SigPtr encrypted(d2i_X509_SIG(nullptr, &at, static_cast<long>(der.size())));
  if (!encrypted || at != der.data() + der.size()) {
    return library_error(Code::kInvalid, "key_malformed", "not an EncryptedPrivateKeyInfo");
  }
  return pbe_decrypt_pkcs8(encrypted.get(), password, budget, wrong);
}

}  // namespace signet::crypto
