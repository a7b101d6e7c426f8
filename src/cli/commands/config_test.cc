#include "cli/test_cli.h"

namespace signet::cli {
namespace {

using test::Cli;
using testing::HasSubstr;
using testing::Not;

TEST_F(Cli, config_check_says_everything_and_show_hides_secrets) {
  const std::string bad = file("bad.yaml", "server: {prot: 1}\nkeys: {lease: 1}\n");
  EXPECT_EQ(run({"config", "check", "--config", bad}), 1);
  EXPECT_THAT(errors, HasSubstr("bad.yaml:1: server.prot"));
  EXPECT_THAT(errors, HasSubstr("bad.yaml:2: keys.lease"));
  const std::string good = file(
      "good.yaml",
      "realms: [{name: root, clients: [{client_id: a, secret: correct horse-correct horse}]}]\n");
  EXPECT_EQ(run({"config", "check", "--config", good}), 0);
  EXPECT_EQ(run({"config", "show", "--config", good}), 0);
  EXPECT_THAT(output, HasSubstr("(hidden)"));
  EXPECT_THAT(output, Not(HasSubstr("correct horse")));
}

}  // namespace
}  // namespace signet::cli
