#pragma once

#include <memory>

#include "secrets/keeper/store_meter.h"
#include "secrets/stores/remote_key.h"

namespace signet::secrets {

/// A key in a box whose calls are counted with its store.
class MeteredKey : public RemoteKey {
 public:
  MeteredKey(std::shared_ptr<const RemoteKey> key, std::shared_ptr<StoreMeter> meter)
      : key_(std::move(key)), meter_(std::move(meter)) {}

  Task<Bytes> sign(jose::JwsAlg alg, Bytes signing_input) const override;
  Task<Done> verify(jose::JwsAlg alg, Bytes signing_input, Bytes signature) const override;
  Task<SecretBytes> unwrap(jose::JweAlg alg, Bytes encrypted_key) const override;

 private:
  const std::shared_ptr<const RemoteKey> key_;
  const std::shared_ptr<StoreMeter> meter_;
};

}  // namespace signet::secrets
