#pragma once
// A folder of its own for one test, gone afterwards.

#include <filesystem>
#include <string>

namespace signet::storage::test {

class TestFolder {
 public:
  TestFolder();
  TestFolder(const TestFolder&) = delete;
  ~TestFolder();
  const std::filesystem::path& path() const { return path_; }
  std::string file(const std::string& name) const;

 private:
  std::filesystem::path path_;
};

}  // namespace signet::storage::test
