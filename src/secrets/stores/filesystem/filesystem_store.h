#pragma once
// A folder with one file per secret, named by its secret ID: file system volumes, Kubernetes and
// Docker secrets. How rotation works there: filesystem/file_names.h.

#include "secrets/stores/catalog.h"
#include "secrets/stores/filesystem/file_names.h"
#include "secrets/stores/folder.h"
#include "secrets/stores/value_format.h"
#include "secrets/stores/warnings.h"

namespace signet::secrets {

struct FilesystemSettings {
  std::string directory;
  ValueFormat format = ValueFormat::kPlain;
  std::string suffix;
  std::string version_suffix;
  FileRules rules;
};

/// Self-naming. Of several versions, one that cannot be read is skipped with a warning while others
/// can be; a file that the rules forbid (permissions, a link that leads out) fails the whole fetch.
class FilesystemStore : public Store, public std::enable_shared_from_this<FilesystemStore> {
 public:
  FilesystemStore(StoreName name, FilesystemSettings settings, StoreContext context);

  const StoreName& name() const override { return name_; }
  Ordering ordering() const override { return Ordering::kSelfNaming; }
  bool has_changing_aliases() const override { return !settings_.version_suffix.empty(); }
  Task<std::vector<Secret>> fetch(Alias alias) override;
  Task<std::vector<Alias>> aliases() override;
  Task<std::string> fingerprint() override;
  Task<Done> probe() override;
  std::vector<std::string> warnings() const override { return warnings_.all(); }

 private:
  Result<std::vector<Secret>> read(const SecretId& id, std::optional<ByteView> pem_password);
  Result<std::vector<Secret>> read_from(const Folder& folder, const SecretId& id,
                                        std::optional<ByteView> pem_password,
                                        std::vector<std::string>& warnings) const;
  Result<ReadValue> read_file(const Folder& folder, const SecretId& id, const std::string& name,
                              std::optional<ByteView> pem_password) const;
  Result<std::vector<Alias>> list(const Folder& folder);
  Result<std::string> stamp(const Folder& folder);
  Result<Done> check(const Folder& folder);
  void warn_of_names(const std::vector<std::string>& names);

  StoreName name_;
  FilesystemSettings settings_;
  FileNames names_;
  StoreContext context_;
  Warnings warnings_;
};

StoreType filesystem_store_type();

}  // namespace signet::secrets
