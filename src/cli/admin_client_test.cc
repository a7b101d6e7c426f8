#include "cli/test_cli.h"

namespace signet::cli {
namespace {

using test::Cli;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

TEST_F(Cli, sec_218_the_admin_token_leaves_this_machine_over_http_only_when_told) {
  EXPECT_EQ(run({"realm", "list", "--url", "http://10.0.0.1:8081", "--token-file", token_}), 1);
  EXPECT_THAT(errors, HasSubstr("unsafe_plain_http"));
  EXPECT_THAT(sent, IsEmpty());
  answers["GET /admin/realms?limit=100"] = {200, R"({"realms":[]})"};
  EXPECT_EQ(run({"realm", "list", "--url", "http://10.0.0.1:8081", "--token-file", token_,
                 "--unsafe-plain-http"}),
            0);
}

TEST_F(Cli, a_realms_name_never_reaches_beyond_its_segment_of_the_path) {
  answers["DELETE /admin/realms/staging%3F/clients/c"] = {204, ""};
  EXPECT_EQ(admin({"client", "delete", "c", "--realm", "staging?", "--yes"}), 0) << errors;
  for (const char* name : {"r%6fot", "a#b", "/a", "a/b", "a b"})
    admin({"realm", "delete", name, "--yes"});
  EXPECT_THAT(lines(), ElementsAre("DELETE /admin/realms/staging%3F/clients/c",
                                   "DELETE /admin/realms/r%256fot", "DELETE /admin/realms/a%23b",
                                   "DELETE /admin/realms/~a", "DELETE /admin/realms/a~b",
                                   "DELETE /admin/realms/a%20b"));
}

TEST_F(Cli, lists_are_tables_for_people_and_json_when_asked) {
  answers["GET /admin/realms?limit=100"] = {
      200, R"({"realms":[{"name":"root","revision":3},{"name":"a\u001b[31m","revision":12}]})"};
  EXPECT_EQ(admin({"realm", "list"}), 0) << errors;
  EXPECT_EQ(output, "REALM   REVISION\nroot    3\na?[31m  12\n");
  EXPECT_EQ(sent[0].headers[0],
            (std::pair<std::string, std::string>("Authorization", "Bearer admin-token")));
  EXPECT_EQ(admin({"realm", "list", "--output", "json"}), 0);
  EXPECT_THAT(output, HasSubstr("\"revision\": 12"));
}

TEST_F(Cli, a_list_is_asked_for_until_its_end) {
  answers["GET /admin/realms?limit=100"] = {
      200, R"({"realms":[{"name":"a b","revision":1}],"next":"a b"})"};
  answers["GET /admin/realms?limit=100&after=a+b"] = {
      200, R"({"realms":[{"name":"c","revision":2}],"next":null})"};
  EXPECT_EQ(admin({"realm", "list"}), 0) << errors;
  EXPECT_EQ(output, "REALM  REVISION\na b    1\nc      2\n");
  EXPECT_EQ(admin({"realm", "list", "--output", "json"}), 0);
  EXPECT_THAT(output, testing::AllOf(HasSubstr("\"a b\""), HasSubstr("\"c\"")));
}

TEST_F(Cli, the_servers_reason_is_the_commands_reason) {
  answers["POST /admin/secrets/activate"] = {
      409,
      R"({"title":"Conflict","status":409,"code":"activation_too_early","detail":"117 seconds left"})"};
  EXPECT_EQ(admin({"secrets", "activate", "am.x", "new", "--store", "pems"}), 1);
  EXPECT_EQ(errors, "signet: activation_too_early: 117 seconds left\n");
  EXPECT_EQ(sent[0].body, R"({"realm":"","store":"pems","id":"am.x","alias":"new","force":false})");
}

}  // namespace
}  // namespace signet::cli
