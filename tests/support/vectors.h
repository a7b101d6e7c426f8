#pragma once
// Where outside test vectors lie: $SIGNET_VECTORS, else ../shared/vectors beside the project.

#include <filesystem>
#include <optional>
#include <string>

namespace signet::test {

/// The folder of one vector set, or nothing where it is absent.
std::optional<std::filesystem::path> vectors(const std::string& set);
/// The whole file; throws if it cannot be read.
std::string read_file(const std::filesystem::path& path);

}  // namespace signet::test

/// Binds `name` to the folder of a vector set, or skips the test where the set is absent.
#define SIGNET_VECTORS_OR_SKIP(name, set)                              \
  const auto name##_found = ::signet::test::vectors(set);              \
  if (!name##_found) GTEST_SKIP() << "skipped: no vectors of " << set; \
  const std::filesystem::path name = *name##_found
