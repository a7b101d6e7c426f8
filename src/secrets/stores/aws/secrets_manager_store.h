#pragma once
// "aws_secrets_manager": secrets that others put into AWS Secrets Manager, by their names.

#include "secrets/stores/aws/reread_store.h"
#include "secrets/stores/aws/secrets_manager.h"
#include "secrets/stores/value_format.h"

namespace signet::secrets::aws {

struct SecretsManagerSettings {
  /// None: whatever the value looks like: a key bundle (shared/key_bundle.h), else a text.
  std::optional<ValueFormat> format;
  Seconds reread{30};
  std::optional<SecretId> value_password;
};

/// By store: the alias is a secret's name or ARN; the version AWSCURRENT is active, AWSPREVIOUS
/// valid. It makes no keys: the documented rights read and create secrets, and a rotation would
/// need secretsmanager:PutSecretValue, which belongs to whoever rotates there.
class SecretsManagerStore : public RereadStore,
                            public std::enable_shared_from_this<SecretsManagerStore> {
 public:
  SecretsManagerStore(StoreName name, SecretsManagerSettings settings, AccessPtr access);

  Ordering ordering() const override { return Ordering::kByStore; }
  Task<Done> probe() override;

 private:
  Task<Reading> read(Alias alias) override;
  Error told(const Alias& alias, Error error) const override;
  Task<std::vector<Secret>> secrets_of(SecretVersion version);
  Result<std::vector<Secret>> parse(ByteView value, std::optional<ByteView> password) const;

  SecretsManagerSettings settings_;
  std::shared_ptr<Client> client_;
};

}  // namespace signet::secrets::aws
