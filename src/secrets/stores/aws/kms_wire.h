#pragma once
// AWS KMS: its names for what JOSE does, and its answers as values. Dry.

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/json.h"
#include "base/result.h"
#include "crypto/key.h"
#include "jose/algorithms.h"

namespace signet::secrets::aws {

/// "RSASSA_PSS_SHA_256" for PS256; empty for what KMS cannot sign.
std::string_view kms_name(jose::JwsAlg alg);
/// "RSAES_OAEP_SHA_256" for RSA-OAEP-256; empty for what KMS cannot decrypt.
std::string_view kms_name(jose::JweAlg alg);

/// What GetPublicKey says of a key.
struct KmsKey {
  std::string arn;
  crypto::PublicKey public_key;
  bool decrypts = false;            ///< ENCRYPT_DECRYPT; else SIGN_VERIFY
  std::vector<jose::JwsAlg> signs;  ///< what JOSE and the key have in common
  std::vector<jose::JweAlg> unwraps;
};
/// kUnsupported "kms_key_unsupported" (a curve or a use that JOSE does not have here: secp256k1,
/// SM2, ML-DSA, key agreement); kUnavailable "aws_answer_malformed".
Result<KmsKey> parse_public_key(const json::Object& answer);

/// The body of Sign: the input itself up to KMS's limit of 4096 bytes, its digest beyond; Ed25519
/// has no such way: kUnsupported "kms_message_too_long".
Result<json::Object> sign_request(const std::string& key, jose::JwsAlg alg, ByteView signing_input);
/// The signature as JOSE writes it. kUnavailable "aws_answer_malformed".
Result<Bytes> parse_signature(const json::Object& answer, jose::JwsAlg alg);

}  // namespace signet::secrets::aws
