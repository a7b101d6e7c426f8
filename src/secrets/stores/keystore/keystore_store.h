#pragma once
// A keystore file: PKCS#12, with its passwords in other stores.

#include <map>
#include <mutex>
#include <optional>

#include "secrets/stores/catalog.h"
#include "secrets/stores/folder.h"
#include "secrets/stores/warnings.h"

namespace signet::secrets {

struct KeystoreSettings {
  std::string file;
  std::optional<SecretId> store_password;  ///< none: the empty password
  std::optional<SecretId> entry_password;  ///< in PKCS#12 it must be the same password
  FileRules rules;
};

/// By mapping; aliases in any case. The file is read again when its stamp changes. An entry that
/// cannot be served is an error for its own alias and a warning; the others are served.
class KeystoreStore : public Store, public std::enable_shared_from_this<KeystoreStore> {
 public:
  KeystoreStore(StoreName name, KeystoreSettings settings, StoreContext context);

  const StoreName& name() const override { return name_; }
  Ordering ordering() const override { return Ordering::kByMapping; }
  /// kConfig "keystore_password_wrong", "keystore_entry_password_differs", "keystore_missing";
  /// kUnsupported "keystore_type_unsupported".
  Task<std::vector<Secret>> fetch(Alias alias) override;
  Task<std::vector<Alias>> aliases() override;
  Task<std::string> fingerprint() override;
  Task<Done> probe() override;
  std::vector<std::string> warnings() const override { return warnings_.all(); }

 private:
  /// What the file held; one per state of the file.
  struct Contents {
    std::string stamp;
    std::map<std::string, Result<Secret>> entries;  ///< by alias in lower case
  };
  using ContentsPtr = std::shared_ptr<const Contents>;

  Task<ContentsPtr> contents();
  Task<std::shared_ptr<const SecretBytes>> password();
  Result<std::string> stamp() const;
  Result<ContentsPtr> load(ByteView password);

  StoreName name_;
  KeystoreSettings settings_;
  StoreContext context_;
  Warnings warnings_;
  std::mutex mutex_;
  ContentsPtr last_;
};

StoreType keystore_store_type();

}  // namespace signet::secrets
