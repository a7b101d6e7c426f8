#pragma once
// A key in a token: it signs and unwraps there.

#include "async/blocking_pool.h"
#include "secrets/stores/pkcs11/key_reader.h"
#include "secrets/stores/remote_key.h"

namespace signet::secrets::pkcs11 {

/// Finds its key again by name after the token was lost. "remote_operation_unsupported",
/// "pkcs11_key_gone", and what Token says; a MAC is checked by making it again in the token.
class HsmKey : public RemoteKey {
 public:
  HsmKey(std::shared_ptr<Token> token, std::shared_ptr<async::BlockingPool> pool, KeyName name,
         KeyFacts facts);

  Task<Bytes> sign(jose::JwsAlg alg, Bytes signing_input) const override;
  Task<Done> verify(jose::JwsAlg alg, Bytes signing_input, Bytes signature) const override;
  Task<SecretBytes> unwrap(jose::JweAlg alg, Bytes encrypted_key) const override;

 private:
  struct State;
  std::shared_ptr<State> state_;
  std::shared_ptr<async::BlockingPool> pool_;  ///< never held by what runs on it
};

}  // namespace signet::secrets::pkcs11
