#pragma once
// Key management of JWE (RFC 7518 §4): how a content key travels to its recipient.

#include "base/random.h"
#include "jose/jwe.h"

namespace signet::jose {

/// What the sender of one recipient made: header members to add, and the encrypted key.
struct Wrapped {
  json::Object members;
  Bytes encrypted_key;
};

/// True for `dir` and ECDH-ES: the content key is agreed on, not chosen by the sender.
bool is_direct(JweAlg alg);

/// For is_direct() algorithms: the content key, and the members the recipient needs to derive it.
Result<SecretBytes> agree_content_key(const Jwk& key, const EncryptOptions& options,
                                      json::Object& members);
/// For all others: `cek` wrapped for the key.
Result<Wrapped> wrap_content_key(const Jwk& key, const EncryptOptions& options, ByteView cek,
                                 Random& random);

/// Refuses parameters that no key could use: "jwe_pbes2_iterations", "jwe_header_malformed".
/// `joint` is the union of the headers that apply to the recipient.
Status check_parameters(JweAlg alg, const json::Object& joint, const DecryptOptions& options);

/// The content key, or "jwe_epk_invalid", or decrypt_failed(). With RSA1_5 a failure gives a key
/// that cannot be told from a right one, so that only the content's tag fails (RFC 7516 §11.5).
Result<SecretBytes> unwrap_content_key(const Jwk& key, JweAlg alg, JweEnc enc,
                                       const json::Object& joint, ByteView encrypted_key);

}  // namespace signet::jose
