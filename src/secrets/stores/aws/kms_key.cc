#include "secrets/stores/aws/kms_key.h"

#include <algorithm>

#include "base/base64.h"
#include "base/text.h"
#include "crypto/digest.h"
#include "secrets/stores/aws/wire.h"

namespace signet::secrets::aws {

Error KmsPairKey::unsupported(const std::string& what) const {
  return Error{Code::kUnsupported, "remote_operation_unsupported",
               "the key " + quoted(key_.arn, 256) + " of AWS KMS does not " + what};
}

Task<Bytes> KmsPairKey::sign(jose::JwsAlg alg, Bytes signing_input) const {
  if (std::find(key_.signs.begin(), key_.signs.end(), alg) == key_.signs.end()) {
    co_return unsupported("sign with " + std::string(jose::name(alg)));
  }
  CO_TRY(json::Object body, sign_request(key_.arn, alg, signing_input));
  CO_TRY(const json::Object answer, co_await client_->call("Sign", std::move(body)));
  co_return parse_signature(answer, alg);
}

Task<SecretBytes> KmsPairKey::unwrap(jose::JweAlg alg, Bytes encrypted_key) const {
  if (std::find(key_.unwraps.begin(), key_.unwraps.end(), alg) == key_.unwraps.end()) {
    co_return unsupported("decrypt with " + std::string(jose::name(alg)));
  }
  json::Object body;
  body.set("KeyId", key_.arn);
  body.set("EncryptionAlgorithm", kms_name(alg));
  body.set("CiphertextBlob", base64::encode(encrypted_key));
  auto answer = co_await client_->call("Decrypt", std::move(body));
  if (!answer) {
    Error error = std::move(answer).error();
    // Words of AWS about a forged ciphertext are for nobody.
    const bool is_about_bytes =
        error.is("kms_ciphertext_invalid") || error.is("aws_request_refused");
    if (is_about_bytes) {
      co_return Error{Code::kDenied, "jwe_decrypt_failed", "AWS KMS did not decrypt the key"};
    }
    co_return error;
  }
  const SecretBytes plain = take_secret(*answer, "Plaintext");
  auto bytes = base64::decode(as_text(plain.view()));
  if (plain.empty() || !bytes) {
    co_return Error{Code::kUnavailable, "aws_answer_malformed",
                    "Decrypt: the answer holds no plaintext"};
  }
  co_return std::move(bytes).value();
}

Error KmsMac::unsupported(jose::JwsAlg alg) const {
  return Error{Code::kUnsupported, "remote_operation_unsupported",
               "the MAC key " + quoted(key_.arn, 256) + " of AWS KMS is for " +
                   std::string(jose::name(key_.alg)) + ", not for " + std::string(jose::name(alg))};
}

Task<Bytes> KmsMac::sign(jose::JwsAlg alg, Bytes signing_input) const {
  if (alg != key_.alg) co_return unsupported(alg);
  CO_TRY(json::Object body, mac_request(key_.arn, alg, signing_input));
  CO_TRY(const json::Object answer, co_await client_->call("GenerateMac", std::move(body)));
  co_return parse_mac(answer, alg);
}

Task<Done> KmsMac::verify(jose::JwsAlg alg, Bytes signing_input, Bytes signature) const {
  if (alg != key_.alg) co_return unsupported(alg);
  const Error wrong{Code::kDenied, "jws_signature_invalid", "the signature is not by this key"};
  // KMS makes no MAC of more, so that none is by this key.
  const bool can_be_right = signature.size() == crypto::hash_size(jose::mac_hash(alg)) &&
                            signing_input.size() <= kLongestKmsMessage;
  if (!can_be_right) co_return wrong;
  CO_TRY(json::Object body, mac_request(key_.arn, alg, signing_input));
  body.set("Mac", base64::encode(signature));
  auto answer = co_await client_->call("VerifyMac", std::move(body));
  if (!answer && answer.error().is("kms_mac_invalid")) co_return wrong;
  if (!answer) co_return std::move(answer).error();
  const json::Value* is_right = answer->find("MacValid");
  if (!is_right || !is_right->if_bool()) {
    co_return Error{Code::kUnavailable, "aws_answer_malformed",
                    "VerifyMac: the answer does not say whether the MAC is right"};
  }
  if (!*is_right->if_bool()) co_return wrong;
  co_return Done{};
}

}  // namespace signet::secrets::aws
