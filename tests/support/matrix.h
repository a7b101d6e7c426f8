#pragma once
// State matrices (F34): which combination of two things must end how. They are data files under
// tests/matrices, so that every cell was thought of; the test reads them and tries each cell.

#include <string>
#include <vector>

namespace signet::test {

class Matrix {
 public:
  /// tests/matrices/NAME.csv: the first line names the columns, the first field of each further
  /// line its row; lines that begin with # are words for people. Throws std::runtime_error if a
  /// cell is empty, a line has more or fewer fields than the first, or a name occurs twice.
  static Matrix read(const std::string& name);
  /// The same of a text; `where` is named in failures.
  static Matrix parse(const std::string& text, const std::string& where);

  const std::vector<std::string>& rows() const { return rows_; }
  const std::vector<std::string>& columns() const { return columns_; }
  /// What must come of it; throws std::out_of_range for names that are not there.
  const std::string& at(const std::string& row, const std::string& column) const;

 private:
  std::vector<std::string> rows_, columns_;
  std::vector<std::vector<std::string>> cells_;
};

}  // namespace signet::test
