#include "secrets/stores/google/kms_algorithms.h"

#include <array>

namespace signet::secrets::google {
namespace {

using crypto::Hash;
using jose::JweAlg;
using jose::JwsAlg;
using Does = KmsAlgorithm::Does;

constexpr KmsAlgorithm signs(std::string_view name, JwsAlg alg, Hash hash) {
  return {name, Does::kSignDigest, alg, std::nullopt, hash};
}
constexpr KmsAlgorithm unwraps(std::string_view name, JweAlg alg) {
  return {name, Does::kUnwrap, std::nullopt, alg, Hash::kSha256};
}
constexpr KmsAlgorithm macs(std::string_view name, JwsAlg alg) {
  return {name, Does::kMac, alg, std::nullopt, Hash::kSha256};
}

constexpr std::array kAlgorithms = {
    signs("EC_SIGN_P256_SHA256", JwsAlg::kEs256, Hash::kSha256),
    signs("EC_SIGN_P384_SHA384", JwsAlg::kEs384, Hash::kSha384),
    KmsAlgorithm{"EC_SIGN_ED25519", Does::kSignData, JwsAlg::kEdDsa, std::nullopt, Hash::kSha512},
    signs("RSA_SIGN_PKCS1_2048_SHA256", JwsAlg::kRs256, Hash::kSha256),
    signs("RSA_SIGN_PKCS1_3072_SHA256", JwsAlg::kRs256, Hash::kSha256),
    signs("RSA_SIGN_PKCS1_4096_SHA256", JwsAlg::kRs256, Hash::kSha256),
    signs("RSA_SIGN_PKCS1_4096_SHA512", JwsAlg::kRs512, Hash::kSha512),
    signs("RSA_SIGN_PSS_2048_SHA256", JwsAlg::kPs256, Hash::kSha256),
    signs("RSA_SIGN_PSS_3072_SHA256", JwsAlg::kPs256, Hash::kSha256),
    signs("RSA_SIGN_PSS_4096_SHA256", JwsAlg::kPs256, Hash::kSha256),
    signs("RSA_SIGN_PSS_4096_SHA512", JwsAlg::kPs512, Hash::kSha512),
    unwraps("RSA_DECRYPT_OAEP_2048_SHA1", JweAlg::kRsaOaep),
    unwraps("RSA_DECRYPT_OAEP_3072_SHA1", JweAlg::kRsaOaep),
    unwraps("RSA_DECRYPT_OAEP_4096_SHA1", JweAlg::kRsaOaep),
    unwraps("RSA_DECRYPT_OAEP_2048_SHA256", JweAlg::kRsaOaep256),
    unwraps("RSA_DECRYPT_OAEP_3072_SHA256", JweAlg::kRsaOaep256),
    unwraps("RSA_DECRYPT_OAEP_4096_SHA256", JweAlg::kRsaOaep256),
    macs("HMAC_SHA256", JwsAlg::kHs256),
    macs("HMAC_SHA384", JwsAlg::kHs384),
    macs("HMAC_SHA512", JwsAlg::kHs512),
};

}  // namespace

const KmsAlgorithm* find_kms_algorithm(std::string_view name) {
  for (const KmsAlgorithm& algorithm : kAlgorithms) {
    if (algorithm.name == name) return &algorithm;
  }
  return nullptr;
}

}  // namespace signet::secrets::google
