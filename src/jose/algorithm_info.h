#pragma once
// What algorithms.def says beyond the names, for the sources of this room.

#include "crypto/cipher.h"
#include "jose/algorithms.h"

namespace signet::jose {

enum class JweFamily : std::uint8_t { kRsa, kKeyWrap, kGcmKeyWrap, kDirect, kEcdh, kPbes2 };

struct JweAlgInfo {
  std::string_view name;
  JweFamily family;
  std::size_t wrap_key_bytes;  ///< 0 where no AES key wraps the content key
  crypto::RsaPadding padding;  ///< only for kRsa
  crypto::Hash hash;           ///< only for kPbes2
};
const JweAlgInfo& info(JweAlg alg);

struct JweEncInfo {
  std::string_view name;
  bool is_gcm;
  std::size_t key_bytes;
  crypto::Hash hash;  ///< only for CBC-HMAC
  std::size_t iv_bytes() const { return is_gcm ? 12 : 16; }
  std::size_t tag_bytes() const { return is_gcm ? 16 : key_bytes / 2; }
};
const JweEncInfo& info(JweEnc enc);

}  // namespace signet::jose
