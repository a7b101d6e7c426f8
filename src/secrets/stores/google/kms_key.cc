#include "secrets/stores/google/kms_key.h"

#include "crypto/digest.h"
#include "crypto/sign.h"

namespace signet::secrets::google {
namespace {

using Does = KmsAlgorithm::Does;

std::size_t field_bytes(jose::JwsAlg alg) {
  return alg == jose::JwsAlg::kEs384 ? 48 : 32;
}

bool is_ecdsa(jose::JwsAlg alg) {
  return alg == jose::JwsAlg::kEs256 || alg == jose::JwsAlg::kEs384;
}

}  // namespace

Error KmsKey::unsupported(std::string_view wanted) const {
  return Error{Code::kUnsupported, "remote_operation_unsupported",
               "the key " + version_ + " is for " + std::string(algorithm_.name) + ", not for " +
                   std::string(wanted)};
}

Task<Bytes> KmsKey::sign(jose::JwsAlg alg, Bytes signing_input) const {
  if (algorithm_.jws != alg) co_return unsupported(jose::name(alg));
  const auto client = client_;
  if (algorithm_.does == Does::kMac) {
    co_return co_await client->mac_sign(version_, std::move(signing_input));
  }
  if (algorithm_.does == Does::kSignData) {
    co_return co_await client->sign_data(version_, std::move(signing_input));
  }
  Bytes digest = crypto::digest(algorithm_.hash, signing_input);
  CO_TRY(Bytes signature,
         co_await client->sign_digest(version_, algorithm_.hash, std::move(digest)));
  if (!is_ecdsa(alg)) co_return signature;
  auto raw = crypto::ecdsa_der_to_raw(signature, field_bytes(alg));
  if (!raw) {
    co_return Error{Code::kUnavailable, "google_answer_malformed",
                    "asymmetricSign by " + version_ + ": the signature is no ECDSA signature"};
  }
  co_return std::move(raw).value();
}

Task<Done> KmsKey::verify(jose::JwsAlg alg, Bytes signing_input, Bytes signature) const {
  if (algorithm_.does != Does::kMac || algorithm_.jws != alg)
    co_return unsupported(jose::name(alg));
  const Error wrong{Code::kDenied, "jws_signature_invalid", "the signature is not by this key"};
  if (signature.size() != crypto::hash_size(jose::mac_hash(alg))) co_return wrong;
  const auto client = client_;
  CO_TRY(const bool is_right,
         co_await client->mac_verify(version_, std::move(signing_input), std::move(signature)));
  if (!is_right) co_return wrong;
  co_return Done{};
}

Task<SecretBytes> KmsKey::unwrap(jose::JweAlg alg, Bytes encrypted_key) const {
  if (algorithm_.jwe != alg) co_return unsupported(jose::name(alg));
  const auto client = client_;
  auto plain = co_await client->asymmetric_decrypt(version_, std::move(encrypted_key));
  // INVALID_ARGUMENT is all that KMS says of a ciphertext that does not decrypt.
  if (!plain && plain.error().is("google_request_refused")) {
    co_return Error{Code::kDenied, "jwe_decrypt_failed", "the token does not decrypt"};
  }
  co_return plain;
}

}  // namespace signet::secrets::google
