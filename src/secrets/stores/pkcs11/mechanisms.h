#pragma once
// Which PKCS#11 mechanism makes what JOSE wants, of those that a token has.

#include <optional>
#include <vector>

#include "crypto/algorithms.h"
#include "jose/algorithms.h"
#include "secrets/stores/pkcs11/token.h"

namespace signet::secrets::pkcs11 {

/// How a token makes a signature: over the whole input, or over its digest (with the DigestInfo
/// of RFC 8017 §9.2 before it).
struct SigningPlan {
  Mechanism mechanism;
  std::optional<crypto::Hash> digest;  ///< made here; none: the token hashes
  Bytes digest_info;

  Bytes data(ByteView input) const;
};

/// What is known of a key when algorithms are chosen.
struct KeyFacts {
  CK_KEY_TYPE type = 0;
  std::optional<crypto::KeyKind> kind;  ///< of a key pair
  std::size_t bits = 0;                 ///< 0: not told
  bool may_sign = false, may_decrypt = false, may_unwrap = false;
  /// CKA_ALLOWED_MECHANISMS; empty: no limit.
  std::vector<CK_MECHANISM_TYPE> allowed;
};

/// Null where the token cannot, or the key may not. A digest that is made here is preferred: it
/// sends less to the token.
std::optional<SigningPlan> plan_signature(jose::JwsAlg alg, const KeyFacts& key,
                                          const Place& place);
/// RSA1_5, RSA-OAEP and RSA-OAEP-256 by C_Decrypt, A*KW by C_UnwrapKey.
std::optional<Mechanism> plan_unwrap(jose::JweAlg alg, const KeyFacts& key, const Place& place);

}  // namespace signet::secrets::pkcs11
