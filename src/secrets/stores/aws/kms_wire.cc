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

Result<json::Object> sign_request(const std::string& key, JwsAlg alg, ByteView signing_input) {
  constexpr std::size_t kLongestMessage = 4096;
  const SigningRow* row = row_of(alg);
  const bool is_raw = signing_input.size() <= kLongestMessage;
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

}  // namespace signet::secrets::aws
