#pragma once
// Calls of an AWS service that speaks JSON over one POST (AWS JSON 1.1): signed, with tries, and
// with failures as values.

#include <atomic>

#include "base/json.h"
#include "secrets/stores/aws/credential_chain.h"

namespace signet::secrets::aws {

/// What tells one service from another.
struct Service {
  std::string_view name;      ///< of the signature and the host: "secretsmanager"
  std::string_view target;    ///< before the operation in X-Amz-Target: "TrentService"
  std::string_view variable;  ///< in AWS_ENDPOINT_URL_...: "SECRETS_MANAGER"
};
inline constexpr Service kSecretsManager{"secretsmanager", "secretsmanager", "SECRETS_MANAGER"};
inline constexpr Service kKms{"kms", "TrentService", "KMS"};

/// Shared by all threads.
class Client {
 public:
  Client(Service service, AccessPtr access)
      : service_(service),
        access_(access),
        chain_(std::make_shared<CredentialChain>(std::move(access))) {}

  /// The answer of one operation, an empty object where it has none. Throttling, failures of AWS
  /// and of the network are tried three times, with back-off; refused credentials once more with
  /// new ones; a refusal for the time of this machine's clock once more with AWS's own time.
  /// Failures: failure_of(), the client's transport, the credential chain; kUnavailable
  /// "aws_answer_malformed".
  Task<json::Object> call(std::string operation, json::Object arguments);
  /// For what must not be done twice. After a failure that leaves open whether AWS did it nothing
  /// is tried again; throttling, refused credentials and a wrong clock leave nothing open.
  Task<json::Object> call_once(std::string operation, json::Object arguments);
  /// call() with a body that holds secrets.
  Task<json::Object> call_with(std::string operation, std::shared_ptr<const SecretBytes> body);

  Task<std::string> region() { return chain_->region(); }
  /// How far this machine's clock is behind AWS's, as far as AWS complained.
  Milliseconds clock_offset() const { return Milliseconds(offset_.load()); }

 private:
  Task<json::Object> tried(std::string operation, std::shared_ptr<const SecretBytes> body,
                           bool may_be_repeated);
  Task<json::Object> attempt(std::string operation, std::shared_ptr<const SecretBytes> body,
                             CredentialsPtr credentials);
  Result<std::string> endpoint(const std::string& region) const;
  void learn_time(const net::OutboundResponse& response);

  Service service_;
  AccessPtr access_;
  std::shared_ptr<CredentialChain> chain_;
  std::atomic<std::int64_t> offset_{0};
};

}  // namespace signet::secrets::aws
