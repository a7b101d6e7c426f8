#include "cli/test_cli.h"

namespace signet::cli {
namespace {

using test::Cli;
using test::kEcKey;
using test::kHmacKey;
using testing::HasSubstr;
using testing::Not;

TEST_F(Cli, client_create_reads_the_secret_from_standard_input_and_never_from_the_line) {
  answers["PUT /admin/realms/root/clients/api"] = {
      201, R"({"revision":1,"client":{"client_id":"api"}})"};
  EXPECT_EQ(admin({"client", "create", "api", "--secret-stdin", "--scope", "read", "--scope",
                   "write", "--lifetime", "10m"},
                  "correct horse\n"),
            0)
      << errors;
  EXPECT_EQ(
      sent[0].body,
      R"({"client_id":"api","access_token":{"lifetime":600},"scopes":["read","write"],"secret":"correct horse"})");
  EXPECT_EQ(admin({"client", "create", "api", "--secret", "x"}), 2);
}

TEST_F(Cli, client_update_changes_only_what_was_said_and_only_the_revision_it_saw) {
  answers["GET /admin/realms/root/clients/api"] = {
      200, R"({"revision":7,"client":{"client_id":"api","scopes":["read"],"has_secret":true}})"};
  answers["PUT /admin/realms/root/clients/api"] = {
      200, R"({"revision":8,"client":{"client_id":"api"}})"};
  EXPECT_EQ(admin({"client", "update", "api", "--disable"}), 0) << errors;
  EXPECT_EQ(sent[1].body, R"({"client_id":"api","scopes":["read"],"enabled":false})");
  EXPECT_EQ(sent[1].headers[0], (std::pair<std::string, std::string>("If-Match", "\"7\"")));
}

TEST_F(Cli, a_client_whose_id_no_path_can_hold_is_asked_for_in_base64url) {
  answers["DELETE /admin/realms/root/clients/~aHR0cHM6Ly9hLmV4YW1wbGUv"] = {204, ""};
  EXPECT_EQ(admin({"client", "delete", "https://a.example/", "--yes"}), 0) << errors;
  answers["DELETE /admin/realms/root/clients/~fmE"] = {204, ""};
  EXPECT_EQ(admin({"client", "delete", "~a", "--yes"}), 0) << errors;
}

TEST_F(Cli, only_public_halves_of_a_clients_keys_are_sent) {
  answers["PUT /admin/realms/root/clients/api"] = {
      201, R"({"revision":1,"client":{"client_id":"api"}})"};
  EXPECT_EQ(admin({"client", "create", "api", "--jwks", file("key.json", kEcKey)}), 0) << errors;
  EXPECT_THAT(sent[0].body, HasSubstr("\"crv\":\"P-256\""));
  EXPECT_THAT(sent[0].body, Not(HasSubstr("\"d\"")));
  EXPECT_EQ(admin({"client", "create", "api", "--jwks", file("oct.json", kHmacKey)}), 1);
}

TEST_F(Cli, keys_of_a_client_that_cannot_be_used_are_named_and_a_file_of_those_alone_is_refused) {
  answers["PUT /admin/realms/root/clients/api"] = {
      201, R"({"revision":1,"client":{"client_id":"api"}})"};
  const std::string broken = R"({"kty":"EC","crv":"P-256","x":"AA","y":"AA","kid":"torn"})";
  const std::string foreign = R"({"kty":"XX","kid":"odd"})";
  const std::string some =
      file("some.json", R"({"keys":[)" + broken + "," + kEcKey + "," + foreign + "]}");
  EXPECT_EQ(admin({"client", "create", "api", "--jwks", some}), 0) << errors;
  EXPECT_THAT(errors, HasSubstr("is skipped: "));
  EXPECT_THAT(errors, HasSubstr("torn"));
  EXPECT_THAT(errors, HasSubstr("odd"));
  ASSERT_EQ(sent.size(), 1u);
  EXPECT_THAT(sent[0].body, HasSubstr("\"crv\":\"P-256\""));
  EXPECT_THAT(sent[0].body, Not(HasSubstr("torn")));

  sent.clear();
  const std::string none = file("none.json", R"({"keys":[)" + broken + "," + foreign + "]}");
  EXPECT_EQ(admin({"client", "create", "api", "--jwks", none}), 1);
  EXPECT_THAT(errors, HasSubstr("key_file_empty"));
  EXPECT_THAT(errors, HasSubstr("torn"));
  EXPECT_EQ(admin({"client", "create", "api", "--jwks", file("bare.json", R"({"keys":[]})")}), 1);
  EXPECT_THAT(errors, HasSubstr("holds no usable key"));
  EXPECT_TRUE(sent.empty());
}

}  // namespace
}  // namespace signet::cli
