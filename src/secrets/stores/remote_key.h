#pragma once
// A key that cannot leave its box: an HSM or a key service does the work.

#include "async/task.h"
#include "base/bytes.h"
#include "base/secret_bytes.h"
#include "jose/algorithms.h"

namespace signet::secrets {

/// What a remote key can do. Shared by all threads. It must go on working for as long as its store
/// tells the same key: of two handles to one key the keeper keeps the first. A call takes time (a
/// network, a session of a token). kUnsupported "remote_operation_unsupported" for what the box
/// cannot do; kUnavailable and kTimeout where it does not answer; kDenied where it refuses.
class RemoteKey {
 public:
  virtual ~RemoteKey() = default;

  /// The signature as JOSE writes it (RFC 7518 §3: ECDSA as R and S side by side). A store checks
  /// what its protocol tells (checksums, names, versions) and does not verify it: whoever calls
  /// this does, once for all stores. The one who calls is Keeper::sign_in_box.
  virtual Task<Bytes> sign(jose::JwsAlg alg, Bytes signing_input) const = 0;

  /// For a MAC whose key stays in the box; public keys verify here and need no call.
  /// kDenied "jws_signature_invalid".
  virtual Task<Done> verify(jose::JwsAlg alg, Bytes signing_input, Bytes signature) const;

  /// Unwraps the content encryption key of a JWE (RSA-OAEP, RSA-OAEP-256, RSA1_5, A*KW).
  /// kDenied "jwe_decrypt_failed" for whatever is wrong with the bytes.
  virtual Task<SecretBytes> unwrap(jose::JweAlg alg, Bytes encrypted_key) const;
};

}  // namespace signet::secrets
