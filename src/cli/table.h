#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace signet::cli {

/// Text from elsewhere made harmless for a terminal: control characters (escape sequences among
/// them) become '?'. Line breaks stay where `keep_lines` is set.
std::string printable(std::string_view text, bool keep_lines = false);

/// Aligned columns for people. Cells are made printable.
class Table {
 public:
  explicit Table(std::vector<std::string> head) { rows_.push_back(std::move(head)); }
  void add(std::vector<std::string> cells);
  std::size_t size() const { return rows_.size() - 1; }
  /// The head in capitals and one line per row; two spaces between columns, none at the end.
  std::string text() const;

 private:
  std::vector<std::vector<std::string>> rows_;
};

}  // namespace signet::cli
