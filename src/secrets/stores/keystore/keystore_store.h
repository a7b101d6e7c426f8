#pragma once
// A keystore file: PKCS#12, JKS or JCEKS, with its passwords in other stores.

#include <map>
#include <mutex>
#include <optional>

#include "keystores/entry.h"
#include "keystores/file_type.h"
#include "secrets/stores/catalog.h"
#include "secrets/stores/folder.h"
#include "secrets/stores/warnings.h"

namespace signet::secrets {

struct KeystoreSettings {
  std::string file;
  std::optional<keystores::FileType> type;  ///< none: what the file is
  /// None: the empty password; JKS and JCEKS are then read without a check of their integrity.
  std::optional<SecretId> store_password;
  /// None: the store's. In PKCS#12 it must be the same password.
  std::optional<SecretId> entry_password;
  FileRules rules;
};

/// By mapping; aliases in any case. The file is read again when its stamp changes, by one thread; a
/// file that could not be read is tried again once it or a password has changed. An entry that
/// cannot be served is an error for its own alias and a warning; the others are served.
class KeystoreStore : public Store,
                      public DefaultMapper,
                      public std::enable_shared_from_this<KeystoreStore> {
 public:
  KeystoreStore(StoreName name, KeystoreSettings settings, StoreContext context);

  const StoreName& name() const override { return name_; }
  Ordering ordering() const override { return Ordering::kByMapping; }
  /// kConfig "keystore_missing", "keystore_type_differs", "keystore_entry_password_differs" and the
  /// reasons of keystores::read_jks and crypto::read_pkcs12; kUnsupported where those say so.
  Task<std::vector<Secret>> fetch(Alias alias) override;
  Task<std::vector<Alias>> aliases() override;
  Task<std::string> fingerprint() override;
  Task<Done> probe() override;
  bool ignores_case() const override { return true; }
  std::vector<std::string> warnings() const override { return warnings_.all(); }
  /// The default aliases of the secret IDs: what `signet keystore init` makes, and AM's keystore.
  std::vector<Mapping> default_mappings() const override;
  bool may_lack_defaults() const override { return true; }

 private:
  /// Null where none is set.
  struct Passwords {
    std::shared_ptr<const SecretBytes> store, entry;
    bool operator==(const Passwords& other) const;
  };
  /// What the file held; one per state of the file.
  struct Contents {
    std::string stamp;
    std::map<std::string, Result<Secret>> entries;  ///< by alias in lower case
    Passwords passwords;                            ///< that it was read with
    bool has_locked = false;                        ///< some entry is under another password
  };
  using ContentsPtr = std::shared_ptr<const Contents>;
  /// What need not be tried again.
  struct Failure {
    std::string stamp;
    Passwords passwords;
    Error error;
  };

  Task<ContentsPtr> contents();
  Task<Passwords> passwords();
  Result<std::string> stamp() const;
  Result<ContentsPtr> load(const Passwords& passwords);
  Result<ContentsPtr> read(const Passwords& passwords, std::string stamp);
  Result<std::vector<keystores::Entry>> open(ByteView file, const Passwords& passwords) const;
  Error missing() const;

  StoreName name_;
  KeystoreSettings settings_;
  StoreContext context_;
  Warnings warnings_;
  std::mutex loading_;  ///< held while the file is read
  std::mutex mutex_;    ///< of what follows
  ContentsPtr last_;
  std::optional<Failure> failure_;
};

StoreType keystore_store_type();

}  // namespace signet::secrets
