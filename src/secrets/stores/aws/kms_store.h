#pragma once
// "aws_kms": keys that stay in AWS KMS.

#include "secrets/stores/aws/kms_maker.h"
#include "secrets/stores/aws/reread_store.h"

namespace signet::secrets::aws {

/// By mapping: the alias is a key ID, a key ARN, "alias/..." or an alias ARN. Key pairs (RSA,
/// elliptic curves) and MAC keys. A key that is disabled or about to be deleted is absent, with a
/// warning.
class KmsStore : public RereadStore, public KeyMaker {
 public:
  /// `creates_keys`: the operator allowed it; else kms:CreateKey is never asked for.
  KmsStore(StoreName name, Seconds reread, AccessPtr access, bool creates_keys = false);

  Ordering ordering() const override { return Ordering::kByMapping; }
  Task<Done> probe() override;

  Status may_make_keys() const override;
  /// A key that signs, under a new alias "alias/...". What may_make_keys() says; kUnsupported
  /// "kms_key_unsupported"; kInvalid "alias_invalid".
  Task<Secret> make_key(Alias alias, crypto::KeyKind kind, std::size_t bits) override;
  /// Also a key that decrypts, or a MAC key.
  Task<Secret> make_like(Alias alias, Secret model) override;
  Alias family(const Alias& alias) const override { return Alias(alias_family(alias.view())); }

 private:
  Task<Reading> read(Alias alias) override;
  Error told(const Alias& alias, Error error) const override;
  /// The key that KMS knows as `key`, for whoever calls it `alias`.
  Task<Reading> read_key(Alias alias, std::string key);
  Task<Reading> read_mac(Alias alias, std::string key);
  Reading absent(const Alias& alias, Error why) const;
  Task<Secret> make(Alias alias, KmsOrder order);
  Error told_of_new(const Alias& alias, Error error) const;

  std::shared_ptr<Client> client_;
  KmsMaker maker_;
  const bool creates_keys_;
};

}  // namespace signet::secrets::aws
