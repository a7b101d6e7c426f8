#pragma once
// jose: JWK, JWS, JWE and JWT (RFC 7515 to 7519, 7638, 7797, 8037), strict by construction: a
// token's header may only select among the keys and algorithms that the caller allows.

#include <optional>
#include <string_view>
#include <vector>

#include "crypto/algorithms.h"

namespace signet::jose {

/// RFC 7518 §3.1 and RFC 8037. There is no "none".
enum class JwsAlg : std::uint8_t {
  kHs256,
  kHs384,
  kHs512,
  kRs256,
  kRs384,
  kRs512,
  kPs256,
  kPs384,
  kPs512,
  kEs256,
  kEs384,
  kEs512,
  kEdDsa
};
/// RFC 7518 §4.1.
enum class JweAlg : std::uint8_t {
  kRsa15,
  kRsaOaep,
  kRsaOaep256,
  kA128Kw,
  kA192Kw,
  kA256Kw,
  kA128GcmKw,
  kA192GcmKw,
  kA256GcmKw,
  kDir,
  kEcdhEs,
  kEcdhEsA128Kw,
  kEcdhEsA192Kw,
  kEcdhEsA256Kw,
  kPbes2Hs256A128Kw,
  kPbes2Hs384A192Kw,
  kPbes2Hs512A256Kw
};
/// RFC 7518 §5.1.
enum class JweEnc : std::uint8_t {
  kA128CbcHs256,
  kA192CbcHs384,
  kA256CbcHs512,
  kA128Gcm,
  kA192Gcm,
  kA256Gcm
};

std::string_view name(JwsAlg alg);  ///< the registered name, e.g. "ES256"; static text
std::string_view name(JweAlg alg);
std::string_view name(JweEnc enc);
/// Case-sensitive. "Ed25519" (RFC 9864) is read as EdDSA.
std::optional<JwsAlg> parse_jws_alg(std::string_view name);
std::optional<JweAlg> parse_jwe_alg(std::string_view name);
std::optional<JweEnc> parse_jwe_enc(std::string_view name);
const std::vector<JwsAlg>& all_jws_algs();
const std::vector<JweAlg>& all_jwe_algs();
const std::vector<JweEnc>& all_jwe_encs();

constexpr bool is_mac(JwsAlg alg) {
  return alg <= JwsAlg::kHs512;
}
/// The hash of an HS* algorithm.
crypto::Hash mac_hash(JwsAlg alg);
/// The scheme of an asymmetric algorithm.
crypto::Signature signature_scheme(JwsAlg alg);
/// Bytes of the content encryption key.
std::size_t key_size(JweEnc enc);

}  // namespace signet::jose
