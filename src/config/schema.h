#pragma once
// The settings as a tree.

#include <string>
#include <string_view>
#include <vector>

#include "config/setting.h"

namespace signet::config {

/// One name in the tree with its row and, for groups and lists of objects, the fields below it.
struct Field {
  std::string name;
  const Setting* row = nullptr;  ///< null only for the root
  std::vector<Field> fields;

  bool is_list() const { return row && row->type == Type::kItems; }
  bool is_group() const { return !row || row->type == Type::kGroup; }
  const Field* find(std::string_view child) const;                ///< null if unknown
  const Field* find_ignoring_case(std::string_view child) const;  ///< ASCII
  std::vector<std::string> names() const;
  /// The field at a path of rows, e.g. "realms[].clients[]"; null if there is none.
  const Field* at(std::string_view path) const;
};

/// Every row of signet.yaml (settings_*.cc), in the order of the documentation.
const std::vector<Setting>& settings();
/// The tree over settings(). Lives as long as the program.
const Field& server_schema();
/// What a file of `signet apply` may hold: realms with what belongs to them, and of stores the
/// mappings.
const Field& apply_schema();
/// One realm document (without the lists of what belongs to it), and one of each of these.
const Field& realm_schema();
const Field& client_schema();
const Field& resource_server_schema();
const Field& inject_policy_schema();

/// The reference of all settings as Markdown: docs/configuration.md holds it.
std::string settings_markdown();
/// One line per row, for the golden file.
std::string settings_listing();

}  // namespace signet::config
