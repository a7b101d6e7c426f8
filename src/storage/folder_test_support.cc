#include <cstdlib>

#include "storage/test_folder.h"

namespace signet::storage::test {

TestFolder::TestFolder() {
  std::string pattern = (std::filesystem::temp_directory_path() / "signet-storage-XXXXXX").string();
  if (const char* made = ::mkdtemp(pattern.data())) path_ = made;
}
TestFolder::~TestFolder() {
  std::error_code ignored;
  if (!path_.empty()) std::filesystem::remove_all(path_, ignored);
}
std::string TestFolder::file(const std::string& name) const {
  return (path_ / name).string();
}

}  // namespace signet::storage::test
