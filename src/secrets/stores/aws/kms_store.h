#pragma once
// "aws_kms": keys that stay in AWS KMS.

#include "secrets/stores/aws/reread_store.h"

namespace signet::secrets::aws {

/// By mapping: the alias is a key ID, a key ARN, "alias/..." or an alias ARN. Keys with a public
/// half only: RSA and elliptic curves. A key that is disabled or about to be deleted is absent,
/// with a warning. Keys are made by whoever may: kms:CreateKey is not asked for.
class KmsStore : public RereadStore {
 public:
  KmsStore(StoreName name, Seconds reread, AccessPtr access);

  Ordering ordering() const override { return Ordering::kByMapping; }
  Task<Done> probe() override;

 private:
  Task<Reading> read(Alias alias) override;
  Error told(const Alias& alias, Error error) const override;

  std::shared_ptr<Client> client_;
};

}  // namespace signet::secrets::aws
