// The list of settings, and where else it stands.

#include <cstdlib>
#include <fstream>

#include "config/schema.h"
#include "support/vectors.h"

namespace signet::config {
namespace {

using signet::test::read_file;
using testing::HasSubstr;

TEST(Schema, every_default_satisfies_its_own_row) {
  for (const auto& row : settings()) {
    const auto value = default_value(row);
    EXPECT_EQ(value.has_value(), !row.fallback.empty()) << row.path;
    EXPECT_FALSE(row.summary.empty()) << row.path;
    if (value && value->is_number()) {
      EXPECT_GE(*value->if_int(), row.min) << row.path;
      EXPECT_LE(*value->if_int(), row.max) << row.path;
    }
  }
}

TEST(Schema, the_golden_list_of_settings_is_up_to_date) {
  const char* path = "tests/golden/settings.txt";
  if (std::getenv("SIGNET_GOLDEN")) {
    std::ofstream(path) << settings_listing();
  }
  EXPECT_EQ(read_file(path), settings_listing())
      << "a setting moved; if that is meant, run this test with SIGNET_GOLDEN=1";
}

TEST(Schema, the_documentation_holds_the_reference) {
  const char* path = "docs/configuration.md";
  if (std::getenv("SIGNET_GOLDEN")) {
    const std::string text = read_file(path);
    const std::size_t from = text.find("| Setting |");
    std::size_t to = from;
    while (to < text.size() && text[to] == '|')
      to = text.find('\n', to) + 1;
    std::ofstream(path) << text.substr(0, from) << settings_markdown() << text.substr(to);
  }
  EXPECT_THAT(read_file(path), HasSubstr(settings_markdown()))
      << "put the output of `signet config reference` there, or run this with SIGNET_GOLDEN=1";
}

}  // namespace
}  // namespace signet::config
