#pragma once
// PKCS#12 (RFC 7292), read with OpenSSL: bytes in, bags out.

#include <optional>
#include <string>
#include <vector>

#include "crypto/key.h"
#include "crypto/x509.h"

namespace signet::crypto {

/// One bag. Exactly one of the three, or `unusable`, is present.
struct Pkcs12Bag {
  std::string friendly_name;  ///< UTF-8, empty if none
  Bytes local_key_id;         ///< empty if none
  std::optional<PrivateKey> private_key;
  std::optional<Certificate> certificate;
  std::optional<SecretBytes> secret_key;  ///< raw bytes of a secretBag
  std::string secret_key_algorithm;       ///< e.g. "AES", "HmacSHA512"; empty if unknown
  bool is_trusted = false;                ///< Java's trustedKeyUsage attribute is there
  bool is_plain_key = false;              ///< the private key lay in the file unencrypted
  std::optional<Error> unusable;  ///< a key that is there but cannot be served; others still can
};

/// Checks the MAC first ("keystore_password_wrong"), bounds the work of all key
/// derivations together (about 2 s of CPU: "keystore_iterations_excessive", see pbe.h) and the size
/// (4 MiB: "keystore_too_large"). Bags are in file order. A key of a kind that is not served, or
/// with a password of its own, does not fail the store: its bag says so in `unusable`. A store
/// without a MAC is read; its encryption then has to open with the password. An empty password is
/// tried as empty and as absent.
Result<std::vector<Pkcs12Bag>> read_pkcs12(ByteView der, ByteView password);

/// An entry to write: a key pair with its chain, leaf first, or a symmetric key.
struct Pkcs12Entry {
  std::string friendly_name;  ///< UTF-8; may be empty
  std::optional<PrivateKey> private_key;
  std::vector<Certificate> chain;
  std::optional<SecretBytes> secret_key;  ///< only without `private_key`
  std::string secret_key_algorithm;       ///< "AES", "HmacSHA256", "HmacSHA384" or "HmacSHA512"
};
/// Writes a store that the JDK and OpenSSL read (AES-256-CBC, PBKDF2-SHA256, MAC SHA-256; 10,000
/// iterations, as keytool's). Symmetric keys are secret bags in Java's form. "key_mismatch",
/// "key_unsupported", "keystore_bad_password".
Result<SecretBytes> write_pkcs12(const std::vector<Pkcs12Entry>& entries, ByteView password);
/// The same with one key pair.
Result<SecretBytes> write_pkcs12(const PrivateKey& key, const std::vector<Certificate>& chain,
                                 const std::string& friendly_name, ByteView password);

}  // namespace signet::crypto
