#pragma once

#include "secrets/stores/google/kms_algorithms.h"
#include "secrets/stores/google/kms_client.h"
#include "secrets/stores/remote_key.h"

namespace signet::secrets::google {

/// One version of a CryptoKey at work. Does the one algorithm of its version and nothing else.
class KmsKey : public RemoteKey {
 public:
  KmsKey(std::shared_ptr<KmsClient> client, std::string version, const KmsAlgorithm& algorithm)
      : client_(std::move(client)), version_(std::move(version)), algorithm_(algorithm) {}

  /// Also the errors of KmsClient; kConfig "google_failed_precondition" where the version is not
  /// enabled any more.
  Task<Bytes> sign(jose::JwsAlg alg, Bytes signing_input) const override;
  Task<Done> verify(jose::JwsAlg alg, Bytes signing_input, Bytes signature) const override;
  Task<SecretBytes> unwrap(jose::JweAlg alg, Bytes encrypted_key) const override;

 private:
  Error unsupported(std::string_view wanted) const;

  const std::shared_ptr<KmsClient> client_;
  const std::string version_;
  const KmsAlgorithm& algorithm_;  ///< a row of the table
};

}  // namespace signet::secrets::google
