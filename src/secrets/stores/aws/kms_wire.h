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

/// "RSASSA_PSS_SHA_256" for PS256, "HMAC_SHA_256" for HS256; empty for what KMS cannot sign.
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

/// Whether the answer of GetPublicKey is about a MAC key (AWS refuses to answer then).
bool is_about_mac(const json::Object& answer);

/// What DescribeKey says of a MAC key.
struct KmsMacKey {
  std::string arn;
  jose::JwsAlg alg = jose::JwsAlg::kHs256;  ///< the one that its spec has
  std::string state;                        ///< "Enabled", "PendingDeletion", ...
};
/// kUnsupported "kms_key_unsupported" for keys that are no HMAC_256, _384 or _512; kUnavailable
/// "aws_answer_malformed".
Result<KmsMacKey> parse_mac_key(const json::Object& answer);
/// The ARN in the metadata that CreateKey and DescribeKey answer. kUnavailable
/// "aws_answer_malformed".
Result<std::string> parse_arn(const json::Object& answer);

/// The body of Sign: the input itself up to KMS's limit of 4096 bytes, its digest beyond; Ed25519
/// has no such way: kUnsupported "kms_message_too_long".
Result<json::Object> sign_request(const std::string& key, jose::JwsAlg alg, ByteView signing_input);
/// The signature as JOSE writes it. kUnavailable "aws_answer_malformed".
Result<Bytes> parse_signature(const json::Object& answer, jose::JwsAlg alg);

/// KMS makes MACs of at most 4096 bytes, and has no way for their digests.
inline constexpr std::size_t kLongestKmsMessage = 4096;
/// The body of GenerateMac, and of VerifyMac without the MAC. kUnsupported "kms_message_too_long".
Result<json::Object> mac_request(const std::string& key, jose::JwsAlg alg, ByteView signing_input);
/// kUnavailable "aws_answer_malformed" for a MAC of another length as well.
Result<Bytes> parse_mac(const json::Object& answer, jose::JwsAlg alg);

/// What CreateKey is asked for: "ECC_NIST_P256" and "SIGN_VERIFY". Static texts.
struct KmsOrder {
  std::string_view spec, usage;
};
/// `decrypts`: a key of JWE, else of JWS. kUnsupported "kms_key_unsupported" for what KMS does not
/// make or what would serve nothing here. `bits` for RSA only; 0: 2048.
Result<KmsOrder> order_of_pair(crypto::KeyKind kind, std::size_t bits, bool decrypts);
/// A MAC key of so many bytes.
Result<KmsOrder> order_of_mac(std::size_t bytes);

/// A name that CreateAlias takes: "alias/" and letters, digits, '/', '_' and '-', 256 characters at
/// most; "alias/aws/..." belongs to AWS.
bool is_kms_alias(std::string_view text);
/// What the aliases of a key's successors are made of: "alias/NAME" of an alias or its ARN, and
/// "alias/signet-ID" of a key's ID or its ARN.
std::string alias_family(std::string_view key);

}  // namespace signet::secrets::aws
