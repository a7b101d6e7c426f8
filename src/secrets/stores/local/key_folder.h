#pragma once
// The folder of a local store, and how it is written: whole files or nothing, and never over a file
// that is there.

#include <atomic>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "base/random.h"
#include "secrets/stores/folder.h"

namespace signet::secrets {

/// A key file by its alias: "<alias>.pem", mode 0600.
using KeyFiles = std::vector<std::pair<std::string, SecretBytes>>;

/// What the folder is found to be.
///
/// The first keys are made once in the life of a folder, all or none, whatever stops the process:
///   1. they are written into ".making", which is thrown away if it is found at a start;
///   2. it is renamed to ".ready": from here on the set is complete, and a start goes on with 3;
///   3. its files are moved up, and ".initialised" with their names is written.
/// Nobody uses a key before ".initialised" is there, and nobody makes any after it: keys that it
/// names and that are gone are an error, not a reason for new ones.
class KeyFolder {
 public:
  KeyFolder(std::string path, std::shared_ptr<Random> random);

  /// Makes the folder and its first keys (`make_first`) if it is empty; otherwise leaves what is
  /// there. Any number of processes may do so at once: one makes, the others wait. Cheap when it
  /// was done before: then a folder that is gone or empty is kConfig "local_keys_lost". kConfig
  /// "local_directory_permissions", "local_directory_foreign" (files in it, but no key of ours),
  /// "local_directory_unwritable".
  Status prepare(const std::function<Result<KeyFiles>()>& make_first) const;

  /// Adds one key. kConflict "alias_exists".
  Status add(const std::string& alias, const SecretBytes& pem) const;

  /// The text of one key, or nothing. kConfig "local_keys_lost" where ".initialised" names it.
  Result<std::optional<SecretBytes>> read(const std::string& alias) const;
  Result<std::vector<std::string>> aliases() const;
  /// Aliases that ".initialised" names and that have no file.
  Result<std::vector<std::string>> lost() const;
  Result<std::string> fingerprint() const;

 private:
  Status make_ready(const std::function<Result<KeyFiles>()>& make_first) const;
  Result<std::vector<std::string>> recorded(const Folder& folder) const;
  Status write(const Folder& folder, const std::string& name, ByteView bytes,
               bool may_replace) const;
  Status write_record(const Folder& folder) const;
  Status make_set(const Folder& folder, KeyFiles files) const;
  Status finish_set(const Folder& folder) const;

  std::string path_;
  std::shared_ptr<Random> random_;
  mutable std::atomic<bool> was_ready_ = false;
};

}  // namespace signet::secrets
