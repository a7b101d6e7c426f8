#pragma once
// File names of a file system store: <secret ID><version suffix><number><suffix>. Dry.

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "secrets/secret_id.h"

namespace signet::secrets {

/// One file that holds a version of an ID.
struct VersionFile {
  std::string name;
  std::string version;  ///< the digits; empty for the bare name
};

class FileNames {
 public:
  /// `version_suffix` empty: an ID has one file, which never rotates.
  FileNames(std::string suffix, std::string version_suffix);

  /// The versions of `id` among `names`, newest first. Numbers compare as numbers, and equal ones
  /// by their leading zeros: v1 < v01 < v001 < v2. The bare name is the oldest.
  std::vector<VersionFile> versions(const SecretId& id,
                                    const std::vector<std::string>& names) const;

  /// The secret ID that a file belongs to, or nothing for a file that is none of ours (an editor's
  /// back-up, a dot file).
  std::optional<SecretId> id_of(std::string_view name) const;

  /// Whether a file looks like one of ours and its name is no secret ID: nobody finds it there.
  bool is_misnamed(std::string_view name) const;

 private:
  std::optional<std::string_view> without_suffix(std::string_view name) const;
  std::string suffix_, version_suffix_;
};

}  // namespace signet::secrets
