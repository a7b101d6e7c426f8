#pragma once
// "aws_kms": keys that stay in AWS KMS.

#include <map>
#include <mutex>

#include "secrets/stores/aws/client.h"
#include "secrets/stores/warnings.h"

namespace signet::secrets::aws {

/// By mapping: the alias is a key ID, a key ARN, "alias/..." or an alias ARN. Keys with a public
/// half only: RSA and elliptic curves. A key that is disabled or about to be deleted is absent,
/// with a warning. Keys are made by whoever may: kms:CreateKey is not asked for.
class KmsStore : public Store, public std::enable_shared_from_this<KmsStore> {
 public:
  KmsStore(StoreName name, Seconds reread, AccessPtr access);

  const StoreName& name() const override { return name_; }
  Ordering ordering() const override { return Ordering::kByMapping; }
  Task<std::vector<Secret>> fetch(Alias alias) override;
  Task<std::vector<Alias>> aliases() override;  ///< kUnsupported
  Task<std::string> fingerprint() override;
  Task<Done> probe() override;
  std::vector<std::string> warnings() const override { return warnings_.all(); }

 private:
  struct Reading {
    std::vector<Secret> secrets;
    std::string stamp;  ///< the key's ARN: aliases may be moved to another key
    Instant read_at;
  };
  using ReadingPtr = std::shared_ptr<const Reading>;

  Task<ReadingPtr> current(Alias alias);
  Task<ReadingPtr> read(Alias alias);
  Error told(const Alias& alias, Error error) const;

  StoreName name_;
  Seconds reread_;
  AccessPtr access_;
  std::shared_ptr<Client> client_;
  Warnings warnings_;
  std::mutex mutex_;
  std::map<Alias, ReadingPtr> readings_;
};

}  // namespace signet::secrets::aws
