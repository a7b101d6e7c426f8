#include "cli/test_cli.h"

namespace signet::cli {
namespace {

using test::Cli;
using testing::ElementsAre;
using testing::HasSubstr;

TEST_F(Cli, rotate_waits_for_each_step_until_the_server_agrees) {
  answers["POST /admin/secrets/rotate"] = {
      200,
      R"({"plan":[{"step":"publish","alias":"n","kid":"k","not_before":"2023-11-14T22:13:20Z","done":true},)"
      R"({"step":"activate","alias":"n","kid":"k","not_before":"2023-11-14T22:13:45Z","done":false},)"
      R"({"step":"retire","alias":"o","kid":"j","not_before":null,"done":false}]})"};
  answers["POST /admin/secrets/activate"] = {200, R"({"ring":{}})"};
  answers["POST /admin/secrets/retire"] = {409,
                                           R"({"code":"retirement_too_early","detail":"9 s"})"};
  later["POST /admin/secrets/retire"] = {200, R"({"ring":{}})"};
  EXPECT_EQ(admin({"secrets", "rotate", "am.x", "--store", "s", "--wait"}), 0) << errors;
  EXPECT_THAT(lines(), ElementsAre("POST /admin/secrets/rotate", "POST /admin/secrets/activate",
                                   "POST /admin/secrets/retire", "POST /admin/secrets/retire"));
  EXPECT_THAT(slept, ElementsAre(10, 10, 5, 10));
  EXPECT_THAT(output, HasSubstr("publish   n      k    2023-11-14T22:13:20Z  yes"));
}

TEST_F(Cli, rotate_asks_again_while_a_new_version_is_not_ready_and_only_if_it_is_to_wait) {
  answers["POST /admin/secrets/rotate"] = {503, R"({"code":"version_pending","detail":"soon"})"};
  EXPECT_EQ(admin({"secrets", "rotate", "am.x", "--store", "s"}), 1);
  EXPECT_THAT(errors, HasSubstr("soon"));
  later["POST /admin/secrets/rotate"] = {
      200,
      R"({"plan":[{"step":"publish","alias":"n","kid":"k","not_before":"2023-11-14T22:13:20Z","done":true}]})"};
  sent.clear();
  EXPECT_EQ(admin({"secrets", "rotate", "am.x", "--store", "s", "--wait"}), 0) << errors;
  EXPECT_THAT(lines(), ElementsAre("POST /admin/secrets/rotate", "POST /admin/secrets/rotate"));
  EXPECT_THAT(slept, ElementsAre(10));
}

TEST_F(Cli, rotate_dry_run_only_prints_the_plan) {
  answers["POST /admin/secrets/rotate"] = {
      200, R"({"plan":[{"step":"activate","alias":"n","kid":"k","not_before":"x","done":false}]})"};
  EXPECT_EQ(admin({"secrets", "rotate", "am.x", "--store", "s", "--dry-run"}), 0);
  EXPECT_EQ(sent.size(), 1U);
  EXPECT_EQ(sent[0].body, R"({"realm":"","store":"s","id":"am.x","dry_run":true})");
}

}  // namespace
}  // namespace signet::cli
