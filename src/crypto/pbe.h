#pragma once
// Password-based encryption of keys (PKCS#5, PKCS#12), bounded. Only for the sources of this room.

#include "base/bytes.h"
#include "base/secret_bytes.h"
#include "crypto/openssl_ptr.h"

namespace signet::crypto {

/// The work that one document may ask for before anything of it is trusted, in units of about a
/// microsecond of a slow core: one iteration of PBKDF2 with SHA-256. Dearer digests and longer keys
/// count for more. A store of OpenSSL's with 600,000 iterations and three items passes, or 250 of
/// keytool's with 10,000. Failures are "keystore_iterations_excessive".
class PbeBudget {
 public:
  /// `weight`: units per iteration.
  Status spend(std::int64_t iterations, std::int64_t weight = 1);
  /// What deriving the key of this encryption costs.
  Status spend(const X509_ALGOR* algorithm);
  /// What checking a MAC with that digest costs.
  Status spend_on_mac(std::int64_t iterations, const EVP_MD* digest);

 private:
  std::int64_t left_ = 2'500'000;
};

/// Decrypts after taking the cost off the budget. `wrong` is the reason given for what a wrong
/// password does; "key_encryption_unsupported" for unknown algorithms.
Result<SecretBytes> pbe_decrypt(const X509_ALGOR* algorithm, ByteView data, ByteView password,
                                PbeBudget& budget, const char* wrong);
/// The same for an EncryptedPrivateKeyInfo; gives the PrivateKeyInfo.
Result<SecretBytes> pbe_decrypt_pkcs8(const X509_SIG* encrypted, ByteView password,
                                      PbeBudget& budget, const char* wrong);
Result<SecretBytes> pbe_decrypt_pkcs8(ByteView der, ByteView password, PbeBudget& budget,
                                      const char* wrong);

}  // namespace signet::crypto
