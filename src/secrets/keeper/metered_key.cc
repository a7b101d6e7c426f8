#include "secrets/keeper/metered_key.h"

namespace signet::secrets {
namespace {

/// `key` owns what the call works with.
template <class T>
Task<T> count_call([[maybe_unused]] std::shared_ptr<const RemoteKey> key,
                   std::shared_ptr<StoreMeter> meter, Task<T> call) {
  const auto began = std::chrono::steady_clock::now();
  Result<T> result = co_await std::move(call);
  std::optional<Code> failure;
  // A forged signature or ciphertext that is refused is an answer.
  const bool is_verdict = !result.ok() && (result.error().is("jws_signature_invalid") ||
                                           result.error().is("jwe_decrypt_failed"));
  if (!result.ok() && !is_verdict) failure = result.error().code;
  meter->count(failure, std::chrono::steady_clock::now() - began);
  co_return result;
}

}  // namespace

Task<Bytes> MeteredKey::sign(jose::JwsAlg alg, Bytes signing_input) const {
  return count_call<Bytes>(key_, meter_, key_->sign(alg, std::move(signing_input)));
}

Task<Done> MeteredKey::verify(jose::JwsAlg alg, Bytes signing_input, Bytes signature) const {
  return count_call<Done>(key_, meter_,
                          key_->verify(alg, std::move(signing_input), std::move(signature)));
}

Task<SecretBytes> MeteredKey::unwrap(jose::JweAlg alg, Bytes encrypted_key) const {
  return count_call<SecretBytes>(key_, meter_, key_->unwrap(alg, std::move(encrypted_key)));
}

}  // namespace signet::secrets
