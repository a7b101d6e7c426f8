#include "secrets/stores/aws/kms_wire.h"

#include <algorithm>
#include <array>

#include "base/base64.h"
#include "base/text.h"
#include "crypto/digest.h"
#include "crypto/sign.h"
#include "secrets/stores/aws/wire.h"

namespace signet::secrets::aws {
namespace {

using crypto::Hash;
using jose::JweAlg;
using jose::JwsAlg;

struct SigningRow {
  JwsAlg alg;
  std::string_view name;
  Hash hash;
  std::size_t field_bytes;  ///< of an ECDSA curve; 0 for others
};

constexpr std::size_t kP256Bytes = 32;
constexpr std::size_t kP384Bytes = 48;
constexpr std::size_t kP521Bytes = 66;

// The hash of Ed25519's row is never used: PureEdDSA signs the message.
constexpr std::array<SigningRow, 10> kSigning = {{
    {JwsAlg::kRs256, "RSASSA_PKCS1_V1_5_SHA_256", Hash::kSha256, 0},
    {JwsAlg::kRs384, "RSASSA_PKCS1_V1_5_SHA_384", Hash::kSha384, 0},
    {JwsAlg::kRs512, "RSASSA_PKCS1_V1_5_SHA_512", Hash::kSha512, 0},
    {JwsAlg::kPs256, "RSASSA_PSS_SHA_256", Hash::kSha256, 0},
    {JwsAlg::kPs384, "RSASSA_PSS_SHA_384", Hash::kSha384, 0},
    {JwsAlg::kPs512, "RSASSA_PSS_SHA_512", Hash::kSha512, 0},
    {JwsAlg::kEs256, "ECDSA_SHA_256", Hash::kSha256, kP256Bytes},
    {JwsAlg::kEs384, "ECDSA_SHA_384", Hash::kSha384, kP384Bytes},
    {JwsAlg::kEs512, "ECDSA_SHA_512", Hash::kSha512, kP521Bytes},
    {JwsAlg::kEdDsa, "ED25519_SHA_512", Hash::kSha512, 0},
}};

struct MacRow {
  JwsAlg alg;
  std::string_view name, spec;
};

constexpr std::array<MacRow, 3> kMacs = {{
    {JwsAlg::kHs256, "HMAC_SHA_256", "HMAC_256"},
    {JwsAlg::kHs384, "HMAC_SHA_384", "HMAC_384"},
    {JwsAlg::kHs512, "HMAC_SHA_512", "HMAC_512"},
}};

const MacRow* mac_row_of(JwsAlg alg) {
  const auto found =
      std::find_if(kMacs.begin(), kMacs.end(), [&](const MacRow& row) { return row.alg == alg; });
  return found == kMacs.end() ? nullptr : &*found;
}

constexpr std::string_view kMacUsage = "GENERATE_VERIFY_MAC";
constexpr std::string_view kAliasPrefix = "alias/";

const SigningRow* row_of(JwsAlg alg) {
  const auto found = std::find_if(kSigning.begin(), kSigning.end(),
                                  [&](const SigningRow& row) { return row.alg == alg; });
  return found == kSigning.end() ? nullptr : &*found;
}

Error malformed_kms_answer(const char* what) {
  return Error{Code::kUnavailable, "aws_answer_malformed", what};
}

bool lists(const json::Object& answer, std::string_view member, std::string_view name) {
  const json::Value* value = answer.find(member);
  if (!value || !value->if_array()) return false;
  const json::Array& names = *value->if_array();
  return std::any_of(names.begin(), names.end(), [&](const json::Value& one) {
    return one.if_string() && *one.if_string() == name;
  });
}

std::optional<Bytes> bytes_of(const json::Object& answer, std::string_view member) {
  const std::string text = text_member(answer, member);
  auto decoded = base64::decode(text);
  if (text.empty() || !decoded) return std::nullopt;
  return to_bytes(decoded->view());
}

}  // namespace

std::string_view kms_name(JwsAlg alg) {
  if (const MacRow* row = mac_row_of(alg)) return row->name;
  const SigningRow* row = row_of(alg);
  return row ? row->name : std::string_view();
}

std::string_view kms_name(JweAlg alg) {
  if (alg == JweAlg::kRsaOaep) return "RSAES_OAEP_SHA_1";
  if (alg == JweAlg::kRsaOaep256) return "RSAES_OAEP_SHA_256";
  return {};
}

Result<KmsKey> parse_public_key(const json::Object& answer) {
  const std::string usage = text_member(answer, "KeyUsage");
  std::string spec = text_member(answer, "KeySpec");
  if (spec.empty()) spec = text_member(answer, "CustomerMasterKeySpec");
  const auto der = bytes_of(answer, "PublicKey");
  if (!der || usage.empty())
    return malformed_kms_answer("GetPublicKey: the answer holds no public key");
  auto key = crypto::PublicKey::from_spki(*der);
  if (!key) {
    return Error{
        Code::kUnsupported, "kms_key_unsupported",
        "a key of the kind " + quoted(spec) + " serves nothing here: " + key.error().detail};
  }
  KmsKey out{
      text_member(answer, "KeyId"), std::move(key).value(), usage == "ENCRYPT_DECRYPT", {}, {}};
  if (usage == "SIGN_VERIFY") {
    for (const SigningRow& row : kSigning) {
      if (crypto::key_kind(jose::signature_scheme(row.alg)) == out.public_key.kind() &&
          lists(answer, "SigningAlgorithms", row.name)) {
        out.signs.push_back(row.alg);
      }
    }
  }
  for (const JweAlg alg : {JweAlg::kRsaOaep, JweAlg::kRsaOaep256}) {
    if (out.decrypts && lists(answer, "EncryptionAlgorithms", kms_name(alg))) {
      out.unwraps.push_back(alg);
    }
  }
  if (!out.signs.empty() || !out.unwraps.empty()) return out;
  return Error{Code::kUnsupported, "kms_key_unsupported",
               "a key of the kind " + quoted(spec) + " for " + quoted(usage) +
                   " has no algorithm that is used here"};
}

bool is_about_mac(const json::Object& answer) {
  return text_member(answer, "KeyUsage") == kMacUsage;
}

Result<std::string> parse_arn(const json::Object& answer) {
  const json::Value* metadata = answer.find("KeyMetadata");
  const json::Object* object = metadata ? metadata->if_object() : nullptr;
  std::string arn = object ? text_member(*object, "Arn") : std::string();
  if (arn.empty()) return malformed_kms_answer("the answer holds no ARN of a key");
  return arn;
}

Result<KmsMacKey> parse_mac_key(const json::Object& answer) {
  KmsMacKey key;
  TRY(key.arn, parse_arn(answer));
  const json::Object& metadata = *answer.find("KeyMetadata")->if_object();
  key.state = text_member(metadata, "KeyState");
  const std::string spec = text_member(metadata, "KeySpec");
  const std::string usage = text_member(metadata, "KeyUsage");
  const auto row =
      std::find_if(kMacs.begin(), kMacs.end(), [&](const MacRow& one) { return one.spec == spec; });
  if (usage != kMacUsage || row == kMacs.end()) {
    return Error{Code::kUnsupported, "kms_key_unsupported",
                 "a key of the kind " + quoted(spec) + " for " + quoted(usage) +
                     " has no algorithm that is used here"};
  }
  key.alg = row->alg;
  return key;
}

Result<json::Object> sign_request(const std::string& key, JwsAlg alg, ByteView signing_input) {
  const SigningRow* row = row_of(alg);
  const bool is_raw = signing_input.size() <= kLongestKmsMessage;
  if (!row) {
    return Error{Code::kUnsupported, "remote_operation_unsupported",
                 "AWS KMS does not sign with " + std::string(jose::name(alg))};
  }
  if (!is_raw && alg == JwsAlg::kEdDsa) {
    return Error{Code::kUnsupported, "kms_message_too_long",
                 "AWS KMS signs at most 4096 bytes with Ed25519, and this token has " +
                     std::to_string(signing_input.size())};
  }
  json::Object body;
  body.set("KeyId", key);
  body.set("SigningAlgorithm", row->name);
  body.set("MessageType", is_raw ? "RAW" : "DIGEST");
  body.set("Message", is_raw ? base64::encode(signing_input)
                             : base64::encode(crypto::digest(row->hash, signing_input)));
  return body;
}

Result<Bytes> parse_signature(const json::Object& answer, JwsAlg alg) {
  const auto signature = bytes_of(answer, "Signature");
  if (!signature) return malformed_kms_answer("Sign: the answer holds no signature");
  const SigningRow* row = row_of(alg);
  if (!row || row->field_bytes == 0) return *signature;
  auto raw = crypto::ecdsa_der_to_raw(*signature, row->field_bytes);
  if (!raw) return malformed_kms_answer("Sign: the answer is no ECDSA signature");
  return raw;
}

Result<json::Object> mac_request(const std::string& key, JwsAlg alg, ByteView signing_input) {
  const MacRow* row = mac_row_of(alg);
  if (!row) {
    return Error{Code::kUnsupported, "remote_operation_unsupported",
                 "AWS KMS makes no MAC with " + std::string(jose::name(alg))};
  }
  if (signing_input.size() > kLongestKmsMessage) {
    return Error{Code::kUnsupported, "kms_message_too_long",
                 "AWS KMS makes MACs of at most 4096 bytes, and this token has " +
                     std::to_string(signing_input.size())};
  }
  json::Object body;
  body.set("KeyId", key);
  body.set("MacAlgorithm", row->name);
  body.set("Message", base64::encode(signing_input));
  return body;
}

Result<Bytes> parse_mac(const json::Object& answer, JwsAlg alg) {
  const auto mac = bytes_of(answer, "Mac");
  if (!mac || mac->size() != crypto::hash_size(jose::mac_hash(alg)))
    return malformed_kms_answer("GenerateMac: the answer holds no MAC of this algorithm");
  return *mac;
}

Result<KmsOrder> order_of_pair(crypto::KeyKind kind, std::size_t bits, bool decrypts) {
  using crypto::KeyKind;
  KmsOrder order{{}, decrypts ? "ENCRYPT_DECRYPT" : "SIGN_VERIFY"};
  if (kind == KeyKind::kRsa && (bits == 0 || bits == 2048)) order.spec = "RSA_2048";
  if (kind == KeyKind::kRsa && bits == 3072) order.spec = "RSA_3072";
  if (kind == KeyKind::kRsa && bits == 4096) order.spec = "RSA_4096";
  // What KMS does with an elliptic curve besides signing has no place in JWE.
  if (kind == KeyKind::kEcP256 && !decrypts) order.spec = "ECC_NIST_P256";
  if (kind == KeyKind::kEcP384 && !decrypts) order.spec = "ECC_NIST_P384";
  if (kind == KeyKind::kEcP521 && !decrypts) order.spec = "ECC_NIST_P521";
  if (kind == KeyKind::kEd25519 && !decrypts) order.spec = "ECC_NIST_EDWARDS25519";
  if (!order.spec.empty()) return order;
  return Error{Code::kUnsupported, "kms_key_unsupported",
               "AWS KMS makes no key of kind " + std::string(crypto::to_string(kind)) + " with " +
                   std::to_string(bits) + " bits to " + (decrypts ? "decrypt" : "sign")};
}

Result<KmsOrder> order_of_mac(std::size_t bytes) {
  for (const MacRow& row : kMacs) {
    if (crypto::hash_size(jose::mac_hash(row.alg)) == bytes) return KmsOrder{row.spec, kMacUsage};
  }
  return Error{Code::kUnsupported, "kms_key_unsupported",
               "AWS KMS makes no MAC key of " + std::to_string(bytes) + " bytes that is used here"};
}

bool is_kms_alias(std::string_view text) {
  constexpr std::size_t kLongest = 256;
  constexpr std::string_view kOfAws = "alias/aws/";
  const auto is_allowed = [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '/' ||
           c == '_' || c == '-';
  };
  return text.starts_with(kAliasPrefix) && text.size() > kAliasPrefix.size() &&
         text.size() <= kLongest && !text.starts_with(kOfAws) &&
         std::all_of(text.begin(), text.end(), is_allowed);
}

std::string alias_family(std::string_view key) {
  if (key.starts_with(kAliasPrefix)) return std::string(key);
  const bool is_arn = key.starts_with("arn:");
  // arn:PARTITION:kms:REGION:ACCOUNT:alias/NAME or ...:key/ID
  const std::string_view name = is_arn ? key.substr(key.rfind(':') + 1) : key;
  if (name.starts_with(kAliasPrefix)) return std::string(name);
  constexpr std::string_view kKey = "key/";
  const std::string_view id = name.starts_with(kKey) ? name.substr(kKey.size()) : name;
  return std::string(kAliasPrefix) + "signet-" + std::string(id);
}

}  // namespace signet::secrets::aws
