#include "support/matrix.h"

#include <algorithm>
#include <fstream>
#include <sstream>
#include <stdexcept>

namespace signet::test {
namespace {

std::vector<std::string> fields(const std::string& line) {
  std::vector<std::string> out(1);
  for (const char c : line) {
    if (c == ',') {
      out.emplace_back();
    } else {
      out.back() += c;
    }
  }
  return out;
}

std::size_t index_of(const std::vector<std::string>& names, const std::string& name) {
  const auto found = std::find(names.begin(), names.end(), name);
  if (found == names.end()) throw std::out_of_range("the matrix has no " + name);
  return static_cast<std::size_t>(found - names.begin());
}

void add_name(std::vector<std::string>& names, const std::string& name, const std::string& where) {
  if (name.empty() || std::find(names.begin(), names.end(), name) != names.end())
    throw std::runtime_error(where + ": a name is empty or occurs twice: " + name);
  names.push_back(name);
}

}  // namespace

Matrix Matrix::read(const std::string& name) {
  const std::string path = "tests/matrices/" + name + ".csv";
  std::ifstream in(path);
  if (!in) throw std::runtime_error("cannot read " + path + ": start in the project's folder");
  std::ostringstream text;
  text << in.rdbuf();
  return parse(text.str(), path);
}

Matrix Matrix::parse(const std::string& text, const std::string& path) {
  std::istringstream in(text);
  Matrix out;
  std::string line;
  for (int number = 1; std::getline(in, line); ++number) {
    if (line.empty() || line.front() == '#') continue;
    const std::string where = path + ":" + std::to_string(number);
    auto cells = fields(line);
    if (out.columns_.empty()) {
      for (std::size_t i = 1; i < cells.size(); ++i)
        add_name(out.columns_, cells[i], where);
      continue;
    }
    if (cells.size() != out.columns_.size() + 1)
      throw std::runtime_error(where + ": another number of cells than columns");
    if (std::find(cells.begin(), cells.end(), "") != cells.end())
      throw std::runtime_error(where + ": a cell is empty");
    add_name(out.rows_, cells.front(), where);
    cells.erase(cells.begin());
    out.cells_.push_back(std::move(cells));
  }
  if (out.rows_.empty()) throw std::runtime_error(path + " has no rows");
  return out;
}

const std::string& Matrix::at(const std::string& row, const std::string& column) const {
  return cells_[index_of(rows_, row)][index_of(columns_, column)];
}

}  // namespace signet::test
