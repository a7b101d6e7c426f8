#pragma once
// The folder of a local store, and how it is written: sealed, whole files or nothing, and never
// over another key.

#include <atomic>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "base/random.h"
#include "secrets/stores/encoded_value.h"
#include "secrets/stores/folder.h"
#include "secrets/stores/store.h"

namespace signet::secrets {

/// Keys by alias, as PEM in clear.
using KeyTexts = std::vector<std::pair<std::string, SecretBytes>>;

/// What the folder is found to be.
///
/// A key is the file "<alias>.sealed", its PEM text as `signet encode` seals it, or "<alias>.pem",
/// the text itself: put there by somebody, or made by an older version. Only the first is ever
/// written. Both hold the same where a renewal was cut off; where they do not, neither is taken.
///
/// The first keys are made once in the life of a folder, all or none, whatever stops the process:
///   1. they are written into ".making", which is thrown away if it is found at a start;
///   2. it is renamed to ".ready": from here on the set is complete, and a start goes on with 3;
///   3. its files are moved up, and ".initialised" with their names is written.
/// Nobody uses a key before ".initialised" is there, and nobody makes any after it: keys that it
/// names and that are gone are an error, not a reason for new ones.
class KeyFolder {
 public:
  /// Whether a PEM text is whole and holds something that must stay secret.
  using IsSecret = std::function<bool(ByteView pem)>;

  /// Without `keys` nothing can be made: there is no way to write a key in clear.
  KeyFolder(std::string path, std::shared_ptr<Random> random,
            std::shared_ptr<const EncodingKeys> keys);

  /// Makes the folder and its first keys (`make_first`) if it is empty; otherwise leaves what is
  /// there. Any number of processes may do so at once: one makes, the others wait. Cheap when it
  /// was done before: then a folder that is gone or empty is kConfig "local_keys_lost". kConfig
  /// "local_directory_permissions", "local_directory_foreign" (files in it, but no key of ours),
  /// "local_directory_unwritable", "encoding_key_missing".
  Status prepare(const std::function<Result<KeyTexts>()>& make_first) const;

  /// Whether prepare() did its work once in this process.
  bool was_ready() const { return was_ready_; }

  /// Adds one key, sealed. kConflict "alias_exists"; kConfig "encoding_key_missing".
  Status add(const std::string& alias, const SecretBytes& pem) const;

  /// The text of one key, opened, or nothing. kConfig "local_keys_lost" where ".initialised" names
  /// it, "local_key_ambiguous" where its two files differ, and those of EncodingKeys::decode() with
  /// the file.
  Result<std::optional<SecretBytes>> read(const std::string& alias) const;
  Result<std::vector<std::string>> aliases() const;
  /// What each file is sealed under; of those in clear the ones that hold a secret. Opens none,
  /// makes nothing; a folder that is not there yet holds none.
  Result<std::vector<SealedKey>> sealed(const IsSecret& is_secret) const;
  /// Seals anew what is not under the first key, also secrets in clear. One file after the other:
  /// killed at any moment, each key is there in its old form, its new one, or both. What cannot be
  /// opened stays. How many were written.
  Result<std::size_t> renew(const IsSecret& is_secret) const;
  /// Aliases that ".initialised" names and that have no file.
  Result<std::vector<std::string>> lost() const;
  Result<std::string> fingerprint() const;

 private:
  Status make_ready(const std::function<Result<KeyTexts>()>& make_first) const;
  Result<std::string> seal(const SecretBytes& pem) const;
  Result<SecretBytes> open(const std::string& alias, const SecretBytes& text) const;
  Result<bool> renew_one(const std::string& alias, const IsSecret& is_secret) const;
  Result<bool> seal_file(const Folder& folder, const std::string& alias,
                         const SecretBytes& pem) const;
  Status remove_clear(const Folder& folder, const std::string& alias, const SecretBytes& pem) const;
  Result<std::vector<std::string>> recorded(const Folder& folder) const;
  Status write(const Folder& folder, const std::string& name, ByteView bytes,
               bool may_replace) const;
  Status write_record(const Folder& folder) const;
  Status make_set(const Folder& folder, KeyTexts keys) const;
  Status finish_set(const Folder& folder) const;

  std::string path_;
  std::shared_ptr<Random> random_;
  std::shared_ptr<const EncodingKeys> keys_;  ///< may be null
  mutable std::atomic<bool> was_ready_ = false;
};

}  // namespace signet::secrets
