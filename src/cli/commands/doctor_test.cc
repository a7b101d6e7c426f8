#include <sys/stat.h>

#include "base/base64.h"
#include "cli/test_cli.h"

namespace signet::cli {
namespace {

using test::Cli;
using testing::HasSubstr;

TEST_F(Cli, doctor_finds_files_that_others_can_read) {
  const std::string config = file("signet.yaml", "data_dir: " + (folder_ / "data").string() + "\n");
  std::filesystem::create_directories(folder_ / "data");
  ::chmod((folder_ / "data").c_str(), 0700);
  file("data/admin.token", "t");
  file("data/master.key", base64::encode(SecretBytes(32).view()));
  EXPECT_EQ(run({"doctor", "--offline", "--config", config}), 0) << output << errors;
  EXPECT_THAT(output, HasSubstr("no back-up was confirmed"));
  EXPECT_EQ(run({"doctor", "--offline", "--config", config, "--confirm-backup"}), 0) << errors;
  EXPECT_THAT(output, HasSubstr("back-up confirmed"));
  file("data/master.key", "another");
  EXPECT_EQ(run({"doctor", "--offline", "--config", config}), 1);
  EXPECT_THAT(output, HasSubstr("is not the one that was backed up"));
  ::chmod((folder_ / "data/admin.token").c_str(), 0644);
  EXPECT_EQ(run({"doctor", "--offline", "--config", config}), 1);
  EXPECT_THAT(output, HasSubstr("admin.token is open to others: chmod 600"));
}

TEST_F(Cli, sec_123_doctor_names_sealing_keys_that_are_needed_and_those_that_are_missing) {
  const std::string config = file("signet.yaml", "data_dir: " + folder_.string() + "\n");
  ::chmod(folder_.c_str(), 0700);
  const auto sealing = [](const std::string& old) {
    return R"({"keys":[{"name":"k2","id":"22","known":true,"seals":true,"values":5},)" + old + "]}";
  };
  answers["GET /health/live"] = answers["GET /health/ready"] = {200, ""};
  answers["GET /admin/health"] = {200, R"({"status":"ok","stores":[],"checks":[]})"};
  answers["GET /admin/sealing"] = {
      200, sealing(R"({"name":"k1","known":true,"values":3,"may_be_removed":false,"why":"W"})")};
  EXPECT_EQ(admin({"doctor", "--config", config}), 0) << output << errors;
  EXPECT_THAT(output, HasSubstr("sealing key k1"));
  answers["GET /admin/sealing"] = {
      200, sealing(R"({"name":"k1","known":true,"values":0,"may_be_removed":true,"why":"W"})")};
  EXPECT_EQ(admin({"doctor", "--config", config}), 0) << output << errors;
  EXPECT_THAT(output, HasSubstr("may be removed: W"));
  answers["GET /admin/sealing"] = {
      200, sealing(R"({"name":null,"id":"77","known":false,"values":2,"why":"W"})")};
  EXPECT_EQ(admin({"doctor", "--config", config}), 1) << output << errors;
  EXPECT_THAT(output, HasSubstr("sealing key 77"));
  EXPECT_THAT(output, HasSubstr("2 values: W"));
}

TEST_F(Cli, doctor_tells_keys_of_stores_that_lie_in_clear) {
  const std::string config = file("signet.yaml", "data_dir: " + folder_.string() + "\n");
  ::chmod(folder_.c_str(), 0700);
  answers["GET /health/live"] = answers["GET /health/ready"] = {200, ""};
  answers["GET /admin/health"] = {200, R"({"status":"ok","stores":[],"checks":[]})"};
  answers["GET /admin/sealing"] = {
      200, R"({"keys":[],"in_clear":[{"realm":"","kind":"store_key","id":"local/a"}]})"};
  EXPECT_EQ(admin({"doctor", "--config", config}), 0) << output << errors;
  EXPECT_THAT(output, HasSubstr("1 keys of secret stores lie in clear"));
}

}  // namespace
}  // namespace signet::cli
