#include "base/base64.h"
#include "cli/test_cli.h"

namespace signet::cli {
namespace {

using test::Cli;

TEST_F(Cli, encode_seals_under_the_servers_key_and_refuses_to_make_one) {
  const std::string config = file("signet.yaml", "data_dir: " + folder_.string() + "\n");
  EXPECT_EQ(run({"encode", "--config", config}, "value"), 2);
  EXPECT_FALSE(std::filesystem::exists(folder_ / "master.key"));
  file("master.key", base64::encode(SecretBytes(32).view()) + "\n");
  EXPECT_EQ(run({"encode", "--config", config}, "value\n"), 0) << errors;
  EXPECT_TRUE(output.starts_with("SGN1.")) << output;
}

}  // namespace
}  // namespace signet::cli
