#pragma once
// "vault_kv": one field of secrets in a KV engine of version 2, with their versions; and a slot for
// a certificate that all instances share.

#include "secrets/stores/catalog.h"
#include "secrets/stores/shared/shared_slot.h"
#include "secrets/stores/shared/version_cache.h"
#include "secrets/stores/value_format.h"
#include "secrets/stores/vault/session.h"

namespace signet::secrets::vault {

struct KvSettings {
  SessionSettings session;
  std::string mount = "secret";
  std::string folder;  ///< before every alias; empty: none
  std::string field = "value";
  ValueFormat format = ValueFormat::kPlain;
  std::size_t most_versions = 5;
};

/// By the store: the newest version that is neither deleted nor destroyed is active, older ones are
/// valid. A version never changes, so it is read once. Where the policy does not let the metadata
/// be read, the current version is served alone, with a warning. A version that cannot be read is a
/// warning if another one can.
class KvStore : public Store, public std::enable_shared_from_this<KvStore> {
 public:
  KvStore(StoreName name, KvSettings settings, StoreContext context);

  const StoreName& name() const override { return name_; }
  Ordering ordering() const override { return Ordering::kByStore; }
  Task<std::vector<Secret>> fetch(Alias alias) override;
  std::size_t aliases_at_once() const override { return kAliasesAtOnce; }
  Task<std::vector<Alias>> aliases() override;
  /// Empty: only the metadata of each secret tells whether it changed.
  Task<std::string> fingerprint() override;
  Task<Done> probe() override;
  std::vector<std::string> warnings() const override { return versions_.warnings().all(); }

 private:
  using Secrets = std::vector<Secret>;

  std::string path(std::string_view kind, const Alias& alias) const;
  Task<Secrets> fetch_current(Alias alias);
  Task<Secrets> read_version(Alias alias, std::optional<std::int64_t> version);
  Task<std::optional<Secrets>> read_listed(Alias alias, std::int64_t version);
  Task<Done> list(std::string folder, int depth, std::shared_ptr<std::vector<Alias>> all);

  StoreName name_;
  KvSettings settings_;
  StoreContext context_;
  std::shared_ptr<Session> session_;
  VersionCache versions_;
};

StoreType kv_store_type();

/// One field of one secret, written only where there is nothing (cas=0). A secret that was there
/// and is deleted is an error: kConfig "vault_secret_deleted".
class KvSlot : public SharedSlot {
 public:
  KvSlot(std::shared_ptr<Session> session, std::string mount, std::string path, std::string field);
  Task<std::optional<SecretBytes>> read() override;
  Task<Created> create(std::shared_ptr<const SecretBytes> value,
                       std::string request_token) override;
  std::string describe() const override;
  std::string right_to_read() const override { return "read"; }

 private:
  std::shared_ptr<Session> session_;
  std::string mount_, path_, field_;
};

StoreType shared_certificate_store_type();

}  // namespace signet::secrets::vault
