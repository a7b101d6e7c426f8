#include <gmock/gmock.h>

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

TEST_F(Cli, config_check_tells_what_is_wrong_in_stores_beside_what_is_between_them) {
  const std::string bad = file("stores.yaml",
                               "secret_stores:\n"
                               "  - {name: w, type: filesystem, settings: {directory: /tmp, "
                               "format: PME}}\n"
                               "  - {name: w, type: nosuch}\n");
  EXPECT_EQ(run({"config", "check", "--config", bad}), 1);
  EXPECT_THAT(errors, HasSubstr("'w' is already taken"));
  EXPECT_THAT(errors, HasSubstr("PME"));
  EXPECT_THAT(errors, HasSubstr("nosuch"));
  EXPECT_EQ(run({"config", "show", "--config", bad}), 1);

  const std::string port =
      file("port.yaml", "server: {port: 99999}\nsecret_stores: [{name: w, type: nosuch}]\n");
  EXPECT_EQ(run({"config", "check", "--config", port}), 1);
  EXPECT_THAT(errors, HasSubstr("port.yaml:1: server.port: 99999 is above the maximum"));
  EXPECT_THAT(errors, HasSubstr("port.yaml:2: secret_stores[0].type: "));
  EXPECT_EQ(run({"config", "show", "--config", port}), 1);
}

}  // namespace
}  // namespace signet::cli
