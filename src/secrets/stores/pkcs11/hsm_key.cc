#include "secrets/stores/pkcs11/hsm_key.h"

#include "base/text.h"
#include "secrets/stores/on_pool.h"

namespace signet::secrets::pkcs11 {
namespace {

Error unsupported(std::string_view alg) {
  return {Code::kUnsupported, "remote_operation_unsupported",
          "the token has no mechanism for " + std::string(alg) + " with this key"};
}

}  // namespace

struct HsmKey::State {
  std::shared_ptr<Token> token;
  KeyName name;
  KeyFacts facts;
  std::mutex mutex;
  std::uint64_t place = 0;
  Object object = CK_INVALID_HANDLE;

  Result<Object> locate(Session& session, const Place& where) {
    {
      const std::lock_guard hold(mutex);
      if (place == where.number) return object;
    }
    TRY(const Object found, find_key(session, name));
    const std::lock_guard hold(mutex);
    place = where.number;
    object = found;
    return found;
  }

  void forget() {
    const std::lock_guard hold(mutex);
    place = 0;
  }

  /// `use` with the key's handle; once more where the handle is none any more.
  template <class T, class Use>
  Result<T> with_key(Session& session, const Place& where, const Use& use) {
    TRY(const Object first, locate(session, where));
    Result<T> result = use(first);
    if (result.ok() || result.error().reason != std::string_view("pkcs11_key_gone")) return result;
    forget();
    TRY(const Object second, locate(session, where));
    return use(second);
  }

  Result<Bytes> sign(jose::JwsAlg alg, ByteView input) {
    const std::function<Result<Bytes>(Session&, const Place&)> work =
        [&](Session& session, const Place& where) -> Result<Bytes> {
      const auto plan = plan_signature(alg, facts, where);
      if (!plan) return unsupported(jose::name(alg));
      const Bytes data = plan->data(input);
      return with_key<Bytes>(session, where,
                             [&](Object key) { return session.sign(plan->mechanism, key, data); });
    };
    return token->run<Bytes>(Token::Work::kUse, work);
  }

  Result<SecretBytes> unwrap(jose::JweAlg alg, ByteView wrapped) {
    const std::function<Result<SecretBytes>(Session&, const Place&)> work =
        [&](Session& session, const Place& where) -> Result<SecretBytes> {
      const auto plan = plan_unwrap(alg, facts, where);
      if (!plan) return unsupported(jose::name(alg));
      const bool is_key_wrap = plan->type == CKM_AES_KEY_WRAP;
      return with_key<SecretBytes>(session, where, [&](Object key) -> Result<SecretBytes> {
        auto plain = is_key_wrap ? session.unwrap(*plan, key, wrapped)
                                 : session.decrypt(*plan, key, wrapped);
        if (!plain.ok() && plain.error().reason == std::string_view("pkcs11_data_invalid"))
          return Error{Code::kDenied, "jwe_decrypt_failed", "the key cannot be unwrapped"};
        return plain;
      });
    };
    return token->run<SecretBytes>(Token::Work::kUse, work);
  }
};

HsmKey::HsmKey(std::shared_ptr<Token> token, std::shared_ptr<async::BlockingPool> pool,
               KeyName name, KeyFacts facts)
    : state_(std::make_shared<State>()), pool_(std::move(pool)) {
  state_->token = std::move(token);
  state_->name = std::move(name);
  state_->facts = std::move(facts);
}

Task<Bytes> HsmKey::sign(jose::JwsAlg alg, Bytes signing_input) const {
  auto work = [state = state_, alg, input = std::move(signing_input)] {
    return state->sign(alg, input);
  };
  co_return co_await on_pool<Bytes>(pool_, std::move(work));
}

Task<Done> HsmKey::verify(jose::JwsAlg alg, Bytes signing_input, Bytes signature) const {
  if (!jose::is_mac(alg)) co_return unsupported(jose::name(alg));
  CO_TRY(const Bytes right, co_await sign(alg, std::move(signing_input)));
  if (constant_time_equal(right, signature)) co_return Done{};
  co_return Error{Code::kDenied, "jws_signature_invalid", "the signature is not by this key"};
}

Task<SecretBytes> HsmKey::unwrap(jose::JweAlg alg, Bytes encrypted_key) const {
  auto work = [state = state_, alg, wrapped = std::move(encrypted_key)] {
    return state->unwrap(alg, wrapped);
  };
  co_return co_await on_pool<SecretBytes>(pool_, std::move(work));
}

}  // namespace signet::secrets::pkcs11
