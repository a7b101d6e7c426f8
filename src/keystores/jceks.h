#pragma once
// What JCEKS has beyond JKS: its own encryption of keys, and secret keys as sealed Java objects.

#include <string>

#include "base/result.h"
#include "base/secret_bytes.h"
#include "keystores/java_reader.h"

namespace signet::keystores {

/// What deriving keys from passwords may cost. An iteration is two MD5 digests, about 0.2 µs each.
struct Iterations {
  std::int64_t left;
  Status spend(ByteView count);  ///< big-endian; "keystore_iterations_excessive"
};

/// A secret key as it lies in the store.
struct SealedKey {
  SecretBytes content, parameters;
};
struct JavaSecretKey {
  std::string algorithm;  ///< as Java names it, e.g. "HmacSHA512"
  SecretBytes bytes;
};

/// Reads the Java object that holds it. "keystore_malformed"; "keystore_secret_key_unknown" where
/// it is sealed by other means than the JDK's.
Result<SealedKey> read_sealed_key(JavaReader& reader);
/// "key_password_wrong"; "key_unsupported" for keys that have no bytes of their own.
Result<JavaSecretKey> open_sealed_key(const SealedKey& sealed, ByteView password,
                                      Iterations& budget);
/// Opens PBEWithMD5AndTripleDES, given its parameters in DER (salt, iterations).
/// "key_password_wrong", "key_malformed".
Result<SecretBytes> open_jceks_cipher(ByteView parameters, ByteView cipher, ByteView password,
                                      Iterations& budget);

}  // namespace signet::keystores
