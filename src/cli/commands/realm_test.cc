#include "cli/test_cli.h"

namespace signet::cli {
namespace {

using test::Cli;
using testing::IsEmpty;

TEST_F(Cli, deleting_wants_to_be_told_twice) {
  EXPECT_EQ(admin({"realm", "delete", "a"}), 2);
  EXPECT_THAT(sent, IsEmpty());
  answers["DELETE /admin/realms/a~b"] = {204, ""};
  EXPECT_EQ(admin({"realm", "delete", "a/b", "--yes"}), 0) << errors;
}

}  // namespace
}  // namespace signet::cli
