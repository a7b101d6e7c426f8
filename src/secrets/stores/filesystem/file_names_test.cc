#include "secrets/stores/filesystem/file_names.h"

#include "support/matchers.h"

namespace signet::secrets {
namespace {

using ::testing::ElementsAre;

std::vector<std::string> order(const FileNames& names, std::string_view id,
                               const std::vector<std::string>& files) {
  std::vector<std::string> found;
  for (const VersionFile& file : names.versions(SecretId::literal(id), files)) {
    found.push_back(file.name);
  }
  return found;
}

TEST(FileNames, the_largest_number_is_active_and_the_bare_name_the_oldest) {
  const FileNames names(".pem", ".v");
  EXPECT_THAT(
      order(names, "a",
            {"a.pem", "a.v1.pem", "a.v01.pem", "a.v001.pem", "a.v2.pem", "a.v10.pem", "a.v9.pem"}),
      ElementsAre("a.v10.pem", "a.v9.pem", "a.v2.pem", "a.v001.pem", "a.v01.pem", "a.v1.pem",
                  "a.pem"));
}

TEST(FileNames, numbers_may_be_longer_than_any_integer) {
  const FileNames names("", ".v");
  EXPECT_THAT(
      order(names, "a", {"a.v99999999999999999999999999", "a.v100000000000000000000000000"}),
      ElementsAre("a.v100000000000000000000000000", "a.v99999999999999999999999999"));
}

TEST(FileNames, without_a_version_suffix_there_is_one_file) {
  const FileNames names(".txt", "");
  EXPECT_THAT(order(names, "a", {"a.txt", "a1.txt", "a.v2.txt", "a.txt~"}), ElementsAre("a.txt"));
}

TEST(FileNames, an_id_that_begins_like_another_is_not_it) {
  const FileNames names("", ".v");
  EXPECT_THAT(
      order(names, "a.b", {"a.b", "a.bc", "a.b.c", "a.b.v1", "a.b.v", "a.b.v1x", "a.b.vv1"}),
      ElementsAre("a.b.v1", "a.b"));
}

TEST(FileNames, the_id_of_a_file_and_no_id_for_what_editors_drop) {
  const FileNames names(".pem", ".v");
  EXPECT_EQ(names.id_of("a.b.pem"), SecretId::literal("a.b"));
  EXPECT_EQ(names.id_of("a.b.v12.pem"), SecretId::literal("a.b"));
  EXPECT_EQ(names.id_of("a.b.v.pem"), SecretId::literal("a.b.v"));
  for (const std::string_view other : {".pem", "a.pem~", ".a.pem.swp", "#a.pem#", "4913", "a.txt",
                                       "a..b.pem", "..data", ".v1.pem", "a-b.pem", ""}) {
    EXPECT_FALSE(names.id_of(other).has_value()) << other;
  }
}

}  // namespace
}  // namespace signet::secrets
