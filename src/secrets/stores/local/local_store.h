#pragma once
// "local_certificate": the signing certificate that makes itself, in a folder of this machine.
// Right for one instance, or several that share the folder.

#include "secrets/stores/catalog.h"
#include "secrets/stores/local/key_folder.h"
#include "secrets/stores/local/key_spec.h"

namespace signet::secrets {

struct LocalSettings {
  std::string directory;
  CertificateTerms terms;
  /// What is made in an empty folder.
  std::vector<std::pair<std::string, KeySpec>> first_keys;
};

/// By mapping; aliases are the files "<alias>.sealed" and "<alias>.pem". Makes its first keys when
/// it is first asked for anything, and only in an empty folder (key_folder.h). Never replaces a
/// key, and writes none in clear: without StoreContext::encoding_keys it makes none.
class LocalStore : public Store,
                   public KeyMaker,
                   public SelfSealing,
                   public std::enable_shared_from_this<LocalStore> {
 public:
  LocalStore(StoreName name, LocalSettings settings, StoreContext context);

  const StoreName& name() const override { return name_; }
  Ordering ordering() const override { return Ordering::kByMapping; }
  Task<std::vector<Secret>> fetch(Alias alias) override;
  Task<std::vector<Alias>> aliases() override;
  Task<std::string> fingerprint() override;
  Task<Done> probe() override;
  Task<Secret> make_key(Alias alias, crypto::KeyKind kind, std::size_t bits) override;
  /// Symmetric keys too.
  Task<Secret> make_like(Alias alias, Secret model) override;
  Task<std::vector<SealedKey>> sealed() override;
  Task<std::size_t> renew_sealed() override;

 private:
  Status prepare() const;
  Result<KeyTexts> make_first_keys() const;
  Error named(Error error) const;
  Task<Secret> make(Alias alias, KeySpec spec);
  Result<std::vector<Secret>> read(const Alias& alias) const;

  StoreName name_;
  LocalSettings settings_;
  StoreContext context_;
  KeyFolder folder_;
};

StoreType local_store_type();

}  // namespace signet::secrets
