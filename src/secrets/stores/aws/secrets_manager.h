#pragma once
// AWS Secrets Manager: one value of one secret, read and created.

#include <optional>

#include "secrets/stores/aws/client.h"
#include "secrets/stores/shared/shared_slot.h"

namespace signet::secrets::aws {

/// A value with its version.
struct SecretVersion {
  SecretBytes value;  ///< SecretString as it is, or the bytes of SecretBinary
  std::string id;
};

/// GetSecretValue with the stage named, as policies may demand. Nothing: the service says that
/// there is no such secret, stage or value ("aws_not_found"). Other failures: Client::call().
Task<std::optional<SecretVersion>> get_secret(std::shared_ptr<Client> client, std::string secret,
                                              std::string stage);

/// Where the shared certificate lives: the secret of that name. Works with
/// secretsmanager:GetSecretValue and secretsmanager:CreateSecret alone.
std::shared_ptr<SharedSlot> make_slot(std::shared_ptr<Client> client, AccessPtr access,
                                      std::string secret_name, std::string kms_key);

}  // namespace signet::secrets::aws
