// What becomes of a client's secret when several change the client at once.

#include "admin/test_resource_servers.h"

namespace signet::admin {
namespace {

class ClientSecretChange : public test::ResourceServersTest {
 protected:
  const std::string path = "/admin/realms/root/clients/c";
  int token_with(const std::string& secret) {
    return world.post("/oauth2/access_token", "grant_type=client_credentials", "c", secret)
        .status();
  }
};

TEST_F(ClientSecretChange, a_secret_that_is_set_during_another_change_is_not_lost) {
  put(path, R"({"generate_secret":true})");
  std::string secret;
  storage->meanwhile = [&] { secret = put(path, R"({"generate_secret":true})").text("secret"); };
  EXPECT_EQ(put(path, R"({"name":"renamed"})").status(), 200);
  EXPECT_EQ(token_with(secret), 200);
  EXPECT_EQ(*get(path).json().find("client")->get("name"), json::Value("renamed"));
}

TEST_F(ClientSecretChange, a_change_that_names_a_revision_is_refused_where_another_was_faster) {
  const auto seen = put(path, R"({"generate_secret":true})").json().find("revision")->if_int();
  storage->meanwhile = [&] { put(path, R"({"generate_secret":true})"); };
  EXPECT_EQ(put(path, R"({"name":"renamed"})", {{"If-Match", std::to_string(*seen)}}).status(),
            412);
}

TEST_F(ClientSecretChange, who_always_comes_too_late_is_told_so) {
  put(path, R"({"generate_secret":true})");
  const std::function<void()> again = [&] {
    put(path, R"({"generate_secret":true})");
    storage->meanwhile = again;
  };
  storage->meanwhile = again;
  EXPECT_EQ(put(path, R"({"name":"renamed"})").text("code"), "client_busy");
  storage->meanwhile = nullptr;
}

}  // namespace
}  // namespace signet::admin
