#pragma once
// Which algorithm fits which key: kind, curve, size, and what the JWK says of itself (RFC 7517 §4).

#include "jose/algorithm_info.h"
#include "jose/jwk.h"

namespace signet::jose {

/// Whether the material is of the kind the algorithm needs (sizes of HMAC keys aside).
bool material_fits(const Jwk& key, JwsAlg alg);
/// The same; `enc` (where known) fixes the size of a `dir` key.
bool material_fits(const Jwk& key, JweAlg alg, std::optional<JweEnc> enc);

/// Whether the key's own `use`, `alg` and `key_ops` allow the operation too. A private key may do
/// what its public half may: one that signs also verifies.
bool allows_signing(const Jwk& key);
bool allows_verifying(const Jwk& key);
bool fits_encryption(const Jwk& key, JweAlg alg, JweEnc enc);
bool fits_decryption(const Jwk& key, JweAlg alg, JweEnc enc);

/// Checks `alg` and `use` of a parsed key against its material: "jwk_alg_mismatch". A name that is
/// not registered passes here; such a key fits no algorithm.
Status check_declared_alg(const Jwk& key);
/// "jwk_contradiction" where `use` and `key_ops` exclude each other.
Status check_declared_use(const Jwk& key);

}  // namespace signet::jose
