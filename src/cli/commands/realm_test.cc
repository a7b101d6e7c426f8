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

TEST_F(Cli, a_realm_is_given_scopes_of_its_own) {
  answers["PUT /admin/realms/a"] = {201, R"({"revision":1,"realm":{"name":"a"}})"};
  EXPECT_EQ(admin({"realm", "create", "a", "--scope", "read", "--scope", "write"}), 0) << errors;
  ASSERT_EQ(sent.size(), 1U);
  EXPECT_EQ(sent[0].body, R"({"name":"a","scopes":["read","write"]})");
}

}  // namespace
}  // namespace signet::cli
