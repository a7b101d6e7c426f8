#include "jose/algorithms.h"

#include <algorithm>
#include <array>

#include "jose/algorithm_info.h"

namespace signet::jose {
namespace {

struct JwsAlgInfo {
  std::string_view name;
  crypto::Hash hash;
  crypto::Signature scheme;
};

constexpr std::array kJwsAlgs = {
#define SIGNET_JWS_MAC(id, text, hash) \
  JwsAlgInfo{text, crypto::Hash::hash, crypto::Signature::kRs256},
#define SIGNET_JWS_SIGNATURE(id, text, scheme) \
  JwsAlgInfo{text, crypto::Hash::kSha256, crypto::Signature::scheme},
#include "jose/algorithms.def"
};
constexpr std::array kJweAlgs = {
#define SIGNET_JWE_ALG(id, text, family, wrap_key_bytes, padding, hash)            \
  JweAlgInfo{text, JweFamily::family, wrap_key_bytes, crypto::RsaPadding::padding, \
             crypto::Hash::hash},
#include "jose/algorithms.def"
};
constexpr std::array kJweEncs = {
#define SIGNET_JWE_ENC(id, text, is_gcm, key_bytes, hash) \
  JweEncInfo{text, is_gcm, key_bytes, crypto::Hash::hash},
#include "jose/algorithms.def"
};

// The tables are indexed by the enumerations, so their orders must agree.
#define SIGNET_JWS_MAC(id, text, hash) \
  static_assert(kJwsAlgs[static_cast<std::size_t>(JwsAlg::id)].name == text);
#define SIGNET_JWS_SIGNATURE(id, text, scheme) \
  static_assert(kJwsAlgs[static_cast<std::size_t>(JwsAlg::id)].name == text);
#define SIGNET_JWE_ALG(id, text, family, wrap_key_bytes, padding, hash) \
  static_assert(kJweAlgs[static_cast<std::size_t>(JweAlg::id)].name == text);
#define SIGNET_JWE_ENC(id, text, is_gcm, key_bytes, hash) \
  static_assert(kJweEncs[static_cast<std::size_t>(JweEnc::id)].name == text);
#include "jose/algorithms.def"

template <class Alg, class Table>
std::optional<Alg> parse(const Table& table, std::string_view name) {
  const auto found =
      std::find_if(table.begin(), table.end(), [&](const auto& row) { return row.name == name; });
  if (found == table.end()) return std::nullopt;
  return static_cast<Alg>(found - table.begin());
}
template <class Alg, class Table>
std::vector<Alg> all(const Table& table) {
  std::vector<Alg> algs;
  for (std::size_t i = 0; i < table.size(); ++i)
    algs.push_back(static_cast<Alg>(i));
  return algs;
}

}  // namespace

std::string_view name(JwsAlg alg) {
  return kJwsAlgs[static_cast<std::size_t>(alg)].name;
}
std::string_view name(JweAlg alg) {
  return info(alg).name;
}
std::string_view name(JweEnc enc) {
  return info(enc).name;
}
std::optional<JwsAlg> parse_jws_alg(std::string_view text) {
  // RFC 9864 names EdDSA over Ed25519 anew; some clients send the new name already.
  if (text == "Ed25519") return JwsAlg::kEdDsa;
  return parse<JwsAlg>(kJwsAlgs, text);
}
std::optional<JweAlg> parse_jwe_alg(std::string_view text) {
  return parse<JweAlg>(kJweAlgs, text);
}
std::optional<JweEnc> parse_jwe_enc(std::string_view text) {
  return parse<JweEnc>(kJweEncs, text);
}

const std::vector<JwsAlg>& all_jws_algs() {
  static const auto algs = all<JwsAlg>(kJwsAlgs);
  return algs;
}
const std::vector<JweAlg>& all_jwe_algs() {
  static const auto algs = all<JweAlg>(kJweAlgs);
  return algs;
}
const std::vector<JweEnc>& all_jwe_encs() {
  static const auto encs = all<JweEnc>(kJweEncs);
  return encs;
}

crypto::Hash mac_hash(JwsAlg alg) {
  return kJwsAlgs[static_cast<std::size_t>(alg)].hash;
}
crypto::Signature signature_scheme(JwsAlg alg) {
  return kJwsAlgs[static_cast<std::size_t>(alg)].scheme;
}
std::size_t key_size(JweEnc enc) {
  return info(enc).key_bytes;
}
const JweAlgInfo& info(JweAlg alg) {
  return kJweAlgs[static_cast<std::size_t>(alg)];
}
const JweEncInfo& info(JweEnc enc) {
  return kJweEncs[static_cast<std::size_t>(enc)];
}

}  // namespace signet::jose
