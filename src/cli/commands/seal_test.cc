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

TEST_F(Cli, seal_renew_names_keys_of_stores_that_lie_in_clear_and_stores_that_could_not_write) {
  answers["POST /admin/sealing"] = {
      200,
      R"({"keys":[{"name":"k1","id":"11","known":true,"seals":false,"values":1,)"
      R"("may_be_removed":false,"why":"W","of":[{"realm":"","kind":"store_key","id":"l/b"}]}],)"
      R"("in_clear":[{"realm":"r","kind":"store_key","id":"l/a"}],"renewed":0,"stale":2,)"
      R"j("failed":["store l (local_directory_unwritable: full)"]})j"};
  EXPECT_EQ(admin({"seal", "renew"}), 1) << errors;
  EXPECT_THAT(errors, HasSubstr("under k1: store_key l/b\n"));
  EXPECT_THAT(errors, HasSubstr("in clear: store_key r/l/a; signet seal renew seals them\n"));
  EXPECT_THAT(errors, HasSubstr("not renewed: store l (local_directory_unwritable: full)\n"));
}

}  // namespace
}  // namespace signet::cli
