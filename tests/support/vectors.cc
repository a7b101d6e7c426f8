#include "support/vectors.h"

#include <cstdlib>
#include <fstream>
#include <sstream>
#include <stdexcept>

namespace signet::test {

std::optional<std::filesystem::path> vectors(const std::string& set) {
  const char* configured = std::getenv("SIGNET_VECTORS");
  const std::filesystem::path root = configured ? configured : "../shared/vectors";
  std::error_code ec;
  if (!std::filesystem::is_directory(root / set, ec)) return std::nullopt;
  return root / set;
}

std::string read_file(const std::filesystem::path& path) {
  std::ifstream in(path, std::ios::binary);
  if (!in) throw std::runtime_error("cannot read " + path.string());
  std::ostringstream out;
  out << in.rdbuf();
  return out.str();
}

}  // namespace signet::test
