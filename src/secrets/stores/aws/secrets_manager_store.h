#pragma once
// "aws_secrets_manager": secrets that others put into AWS Secrets Manager, by their names.

#include <map>
#include <mutex>

#include "secrets/stores/aws/secrets_manager.h"
#include "secrets/stores/value_format.h"
#include "secrets/stores/warnings.h"

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
class SecretsManagerStore : public Store, public std::enable_shared_from_this<SecretsManagerStore> {
 public:
  SecretsManagerStore(StoreName name, SecretsManagerSettings settings, AccessPtr access);

  const StoreName& name() const override { return name_; }
  Ordering ordering() const override { return Ordering::kByStore; }
  Task<std::vector<Secret>> fetch(Alias alias) override;
  /// kUnsupported: the documented policy does not allow to list.
  Task<std::vector<Alias>> aliases() override;
  /// Of the aliases that were asked for; each is read again when its reading is older than the
  /// setting says.
  Task<std::string> fingerprint() override;
  Task<Done> probe() override;
  std::vector<std::string> warnings() const override { return warnings_.all(); }

 private:
  /// What was last read of one alias.
  struct Reading {
    std::vector<Secret> secrets;
    std::string stamp;
    Instant read_at;
  };
  using ReadingPtr = std::shared_ptr<const Reading>;

  Task<ReadingPtr> current(Alias alias);
  Task<ReadingPtr> read(Alias alias);
  Task<std::vector<Secret>> secrets_of(SecretVersion version);
  Result<std::vector<Secret>> parse(ByteView value, std::optional<ByteView> password) const;
  Error told(const Alias& alias, Error error) const;

  StoreName name_;
  SecretsManagerSettings settings_;
  AccessPtr access_;
  std::shared_ptr<Client> client_;
  Warnings warnings_;
  std::mutex mutex_;
  std::map<Alias, ReadingPtr> readings_;
};

}  // namespace signet::secrets::aws
