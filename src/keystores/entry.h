#pragma once
// keystores: bytes of a key file in, entries out. No file is opened here and no alias is mapped.

#include <optional>
#include <string>
#include <vector>

#include "base/result.h"
#include "base/secret_bytes.h"
#include "crypto/key.h"
#include "crypto/x509.h"

namespace signet::keystores {

/// One entry of a keystore.
struct Entry {
  enum Kind { kPrivateKey, kTrustedCertificate, kSecretKey };

  std::string alias;  ///< lower case (ASCII), as Java compares aliases
  Kind kind = kPrivateKey;
  std::optional<crypto::PrivateKey> private_key;
  /// Of a private key: leaf first, perhaps empty. Of a trusted certificate: that one.
  std::vector<crypto::Certificate> chain;
  std::optional<SecretBytes> secret_key;
  std::string secret_key_algorithm;  ///< e.g. "AES", "HmacSHA512"
  /// Why the key of this entry cannot be served; the others of the store can.
  std::optional<Error> unusable;
};

}  // namespace signet::keystores
