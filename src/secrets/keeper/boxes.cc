// What the keeper asks the boxes of remote keys, with a limit on the time.

#include "base/text.h"
#include "secrets/keeper/state.h"
#include "secrets/stores/remote_key.h"

namespace signet::secrets {
namespace {

// These own the key, so that a late answer finds it alive.
Task<Bytes> ask_sign(std::shared_ptr<const RemoteKey> key, jose::JwsAlg alg, Bytes input) {
  co_return co_await key->sign(alg, std::move(input));
}
Task<Done> ask_verify(std::shared_ptr<const RemoteKey> key, jose::JwsAlg alg, Bytes input,
                      Bytes signature) {
  co_return co_await key->verify(alg, std::move(input), std::move(signature));
}

Error at_home_of(const Secret& secret, Error error) {
  // What a box refuses to us is the operator's business, not the client's.
  if (error.code == Code::kDenied && error.reason != std::string_view("jws_signature_invalid"))
    error.code = Code::kConfig;
  error.detail = "store " + secret.store.str() + ", alias " + quoted(secret.alias.view()) + ": " +
                 error.detail;
  return error;
}

/// The box may hold another key by now than the one that verifiers were told. No store looks.
bool is_by(const Secret& secret, jose::JwsAlg alg, ByteView input, ByteView signature) {
  if (secret.key->jwk().is_hidden()) return signature.size() == secret.key->signature_size(alg);
  return secret.key->verify(alg, input, signature).ok();
}

}  // namespace

Task<Bytes> Keeper::sign_in_box(std::shared_ptr<const LiveRing> ring, jose::JwsAlg alg,
                                Bytes signing_input) const {
  const Secret& secret = ring->ring->active();
  const Milliseconds limit = state_->options.box_timeout;
  const Status may = state_->box_pauses.may_ask(secret.kid, state_->clock->monotone(), limit);
  if (!may.ok()) co_return at_home_of(secret, may.error());
  auto signature = co_await state_->deadlines.within<Bytes>(
      limit, secret.store.str(), ask_sign(secret.remote, alg, signing_input));
  if (!signature.ok()) {
    if (is_transient(signature.error().code)) {
      state_->box_pauses.failed(secret.kid, signature.error(), state_->clock->monotone());
    } else {
      state_->box_pauses.answered(secret.kid);
    }
    co_return at_home_of(secret, std::move(signature).error());
  }
  state_->box_pauses.answered(secret.kid);
  if (!is_by(secret, alg, signing_input, *signature)) {
    Error wrong{Code::kConfig, "box_signature_wrong",
                "the signature is not by the key that is published"};
    co_return at_home_of(secret, std::move(wrong));
  }
  co_return std::move(signature).value();
}

Task<Done> Keeper::verify_in_box(Secret secret, jose::JwsAlg alg, Bytes signing_input,
                                 Bytes signature) const {
  const Milliseconds limit = state_->options.box_timeout;
  const Status may = state_->box_pauses.may_ask(secret.kid, state_->clock->monotone(), limit);
  if (!may.ok()) co_return at_home_of(secret, may.error());
  auto done = co_await state_->deadlines.within<Done>(
      limit, secret.store.str(),
      ask_verify(secret.remote, alg, std::move(signing_input), std::move(signature)));
  if (!done.ok() && is_transient(done.error().code)) {
    state_->box_pauses.failed(secret.kid, done.error(), state_->clock->monotone());
  } else {
    state_->box_pauses.answered(secret.kid);
  }
  if (!done.ok()) co_return at_home_of(secret, std::move(done).error());
  co_return Done{};
}

}  // namespace signet::secrets
