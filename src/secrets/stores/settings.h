#pragma once
// The settings of one store, read with one complaint for each thing that is wrong with them.

#include <initializer_list>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/json.h"
#include "base/result.h"
#include "base/strong.h"
#include "secrets/secret_id.h"
#include "secrets/stores/folder.h"
#include "secrets/stores/value_format.h"

namespace signet::secrets {

using SettingNames = std::vector<std::pair<std::string_view, std::string_view>>;

/// Lists of settings, one behind the other.
SettingNames joined(std::initializer_list<SettingNames> lists);

/// Reads members by name; the first failure is kept and told by done(). Text and numbers that are
/// absent take the default.
class SettingsReader {
 public:
  /// Members that are not among `known` are complained about, with the nearest known name.
  SettingsReader(const StoreName& store, const json::Object& settings, const SettingNames& known);

  std::string text(std::string_view name, std::string_view otherwise = {});
  std::string required_text(std::string_view name);
  bool flag(std::string_view name, bool otherwise);
  std::int64_t number(std::string_view name, std::int64_t otherwise, std::int64_t least,
                      std::int64_t most);
  /// The setting versions: how many of a secret or key are served at most; 1 to 25, default 5.
  std::size_t version_count();
  /// The secret ID under which another store holds a password; nothing if it is not given.
  std::optional<SecretId> password_id(std::string_view name);
  /// How values are written, by the format's name.
  ValueFormat value_format(std::string_view name, ValueFormat otherwise);
  /// The settings group_readable and unsafe_permissions.
  FileRules file_rules();
  /// Records a complaint of the caller's own.
  void complain(const std::string& what);

  /// kConfig "store_settings_invalid" with every complaint.
  Status done() const;

 private:
  StoreName store_;
  const json::Object& settings_;
  std::vector<std::string> complaints_;
};

}  // namespace signet::secrets
