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

TEST_F(Cli, what_encode_sealed_comes_out_again_and_nothing_that_was_changed) {
  const std::string config = file("signet.yaml", "data_dir: " + folder_.string() + "\n");
  file("master.key", base64::encode(SecretBytes(32).view()) + "\n");
  ASSERT_EQ(run({"encode", "--config", config}, "first line\nlast line\n"), 0) << errors;
  const std::string sealed = output;
  EXPECT_EQ(run({"encode", "--decode", "--config", config}, sealed), 0) << errors;
  EXPECT_EQ(output, "first line\nlast line\n");
  std::string changed = sealed;
  changed[changed.size() / 2] = changed[changed.size() / 2] == 'A' ? 'B' : 'A';
  EXPECT_EQ(run({"encode", "--decode", "--config", config}, changed), 1);
  EXPECT_EQ(output, "");
  EXPECT_EQ(errors.find("line"), std::string::npos) << errors;
}

}  // namespace
}  // namespace signet::cli
