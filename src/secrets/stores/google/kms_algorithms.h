#pragma once
// What the algorithms of Cloud KMS are in JOSE. One key version has one algorithm.

#include <optional>
#include <string_view>

#include "jose/algorithms.h"

namespace signet::secrets::google {

struct KmsAlgorithm {
  enum class Does : std::uint8_t {
    kSignDigest,  ///< asymmetricSign of a digest
    kSignData,    ///< asymmetricSign of the message itself (Ed25519)
    kMac,         ///< macSign, macVerify
    kUnwrap,      ///< asymmetricDecrypt
  };
  std::string_view name;  ///< of google.cloud.kms.v1.CryptoKeyVersion.CryptoKeyVersionAlgorithm
  Does does;
  std::optional<jose::JwsAlg> jws;  ///< all but kUnwrap
  std::optional<jose::JweAlg> jwe;  ///< kUnwrap
  crypto::Hash hash;                ///< of the digest
};

/// Null for what JOSE has no use for or Signet no support: secp256k1, RSA without a hash, OAEP with
/// SHA-512, HMAC with SHA-1 and SHA-224, encryption keys, post-quantum ones.
const KmsAlgorithm* find_kms_algorithm(std::string_view name);

}  // namespace signet::secrets::google
