#pragma once
// Password-based encryption of keys (PKCS#5, PKCS#12), bounded. Only for the sources of this room.

#include "base/bytes.h"
#include "base/secret_bytes.h"
#include "crypto/openssl_ptr.h"

namespace signet::crypto {

/// The work that one document may ask for before anything of it is trusted: 32 items of 600,000
/// iterations together, and 5,000,000 for one. Failures are "keystore_iterations_excessive".
class PbeBudget {
 public:
  Status spend(std::int64_t iterations);
  /// What deriving the key of this encryption costs.
  Status spend(const X509_ALGOR* algorithm);

 private:
  std::int64_t left_ = std::int64_t{600'000} * 32;
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
