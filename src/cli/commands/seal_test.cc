#include "cli/test_cli.h"

namespace signet::cli {
namespace {

using test::Cli;
using testing::HasSubstr;

TEST_F(Cli, seal_status_says_of_which_key_it_is_not_known_yet_whether_it_may_go) {
  answers["GET /admin/sealing"] = {
      200, R"({"keys":[{"name":"k1","id":"11","known":true,"seals":false,"values":0,)"
           R"("may_be_removed":null,"why":"not known yet: store v was not read"}]})"};
  EXPECT_EQ(admin({"seal", "status"}), 0) << errors;
  EXPECT_THAT(output, HasSubstr("  not known yet: store v was not read"));
}

}  // namespace
}  // namespace signet::cli
