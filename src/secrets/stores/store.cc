#include "secrets/stores/store.h"

namespace signet::secrets {

Task<Secret> KeyMaker::make_like(Alias alias, Secret model) {
  if (!model.key || !model.key->jwk().public_key()) {
    co_return Error{Code::kUnsupported, "rotate_needs_key_pair",
                    "this store makes key pairs only; put a new secret into it and publish it"};
  }
  const crypto::PublicKey shape = *model.key->jwk().public_key();
  const std::size_t bits = shape.kind() == crypto::KeyKind::kRsa ? shape.bits() : std::size_t{0};
  co_return co_await make_key(std::move(alias), shape.kind(), bits);
}

}  // namespace signet::secrets
