#pragma once
// Keys of AWS KMS at work.

#include <memory>

#include "secrets/stores/aws/client.h"
#include "secrets/stores/aws/kms_wire.h"
#include "secrets/stores/remote_key.h"

namespace signet::secrets::aws {

/// A key pair. Called by its ARN, so that an alias that moves cannot make it sign as another key.
class KmsPairKey : public RemoteKey {
 public:
  KmsPairKey(std::shared_ptr<Client> client, KmsKey key)
      : client_(std::move(client)), key_(std::move(key)) {}

  Task<Bytes> sign(jose::JwsAlg alg, Bytes signing_input) const override;
  Task<SecretBytes> unwrap(jose::JweAlg alg, Bytes encrypted_key) const override;

 private:
  Error unsupported(const std::string& what) const;

  std::shared_ptr<Client> client_;
  KmsKey key_;
};

/// A MAC key: KMS makes its MACs and checks them, of at most 4096 bytes.
class KmsMac : public RemoteKey {
 public:
  KmsMac(std::shared_ptr<Client> client, KmsMacKey key)
      : client_(std::move(client)), key_(std::move(key)) {}

  /// Also kUnsupported "kms_message_too_long".
  Task<Bytes> sign(jose::JwsAlg alg, Bytes signing_input) const override;
  Task<Done> verify(jose::JwsAlg alg, Bytes signing_input, Bytes signature) const override;

 private:
  Error unsupported(jose::JwsAlg alg) const;

  std::shared_ptr<Client> client_;
  KmsMacKey key_;
};

}  // namespace signet::secrets::aws
