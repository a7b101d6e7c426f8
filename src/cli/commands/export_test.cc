#include "cli/test_cli.h"
#include "support/matchers.h"

namespace signet::cli {
namespace {

using signet::test::is_ok;
using test::Cli;
using testing::HasSubstr;
using testing::Not;

TEST_F(Cli, export_keeps_the_empty_lists_that_close_a_client) {
  answers["GET /admin/stores"] = {200, R"({"stores":[]})"};
  answers["GET /admin/realms?limit=100"] = {200, R"({"realms":[{"name":"root"}],"next":null})"};
  answers["GET /admin/realms/root"] = {200, R"({"revision":1,"realm":{"name":"root"}})"};
  answers["GET /admin/realms/root/resource-servers?limit=100"] = {200,
                                                                  R"({"resource_servers":[]})"};
  answers["GET /admin/realms/root/clients?limit=100"] = {
      200,
      R"({"clients":[{"revision":1,"client":{"client_id":"a","scopes":[],"grant_types":[],"audience":[]}}]})"};
  answers["GET /admin/realms/root/inject-policies?limit=100"] = {200, R"({"inject_policies":[]})"};
  EXPECT_EQ(admin({"export"}), 0) << errors;
  const auto read = json::parse_object(output);
  ASSERT_THAT(read, is_ok()) << output;
  const std::string whole = json::dump(*read);
  EXPECT_THAT(whole, HasSubstr(R"("scopes":[])"));
  EXPECT_THAT(whole, HasSubstr(R"("grant_types":[])"));
  EXPECT_THAT(whole, Not(HasSubstr("audience")));
}

}  // namespace
}  // namespace signet::cli
