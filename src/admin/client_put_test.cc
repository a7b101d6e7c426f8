// PUT of a client while others change it.

#include "admin/test_resource_servers.h"

namespace signet::admin {
namespace {

using test::FakeExchange;

const std::string kGateway = "/admin/realms/root/clients/gateway";

class ClientPutTest : public test::ResourceServersTest {
 protected:
  int token_status(const std::string& secret) {
    return world.post("/oauth2/access_token", "grant_type=client_credentials", "gateway", secret)
        .status();
  }
  FakeExchange put_if(const char* header, const std::string& value) {
    return put(kGateway, R"({"name":"renamed"})", {{header, value}});
  }
};

TEST_F(ClientPutTest, a_secret_that_another_operator_sets_meanwhile_stays) {
  std::string made;
  storage->meanwhile = [&] { made = put(kGateway, R"({"generate_secret":true})").text("secret"); };
  EXPECT_EQ(put(kGateway, R"({"name":"renamed"})").status(), 200);
  ASSERT_NE(made, "");
  EXPECT_EQ(token_status(made), 200);
  EXPECT_EQ(token_status(world.kSecret), 401) << "the old one does not come back";
  EXPECT_EQ(*get(kGateway).json().find("client")->get("name")->if_string(), "renamed");
}

TEST_F(ClientPutTest, who_names_a_revision_is_told_that_somebody_was_faster) {
  const std::string revision =
      json::dump(*get(kGateway).json().find("revision"));  // a number, as its text
  storage->meanwhile = [this] { world.client("gateway"); };
  const auto late = put_if("If-Match", revision);
  EXPECT_EQ(late.status(), 412);
  EXPECT_EQ(late.text("code"), "revision_conflict");
}

TEST_F(ClientPutTest, a_client_that_changes_every_time_says_so) {
  std::function<void()> again = [&] {
    world.client("gateway");
    storage->meanwhile = again;
  };
  storage->meanwhile = again;
  EXPECT_EQ(put(kGateway, R"({"name":"renamed"})").text("code"), "client_busy");
  storage->meanwhile = nullptr;
  EXPECT_EQ(put(kGateway, R"({"name":"renamed"})").status(), 200);
}

TEST_F(ClientPutTest, a_condition_that_is_not_understood_is_refused) {
  for (const char* value : {"\"\"", "\"", "W/\"1\"", "\"1\", \"2\"", "one"})
    EXPECT_EQ(put_if("If-Match", value).text("code"), "if_match_malformed") << value;
  EXPECT_EQ(put_if("If-None-Match", "\"1\"").text("code"), "if_match_malformed");
  EXPECT_EQ(put_if("If-None-Match", "*").status(), 412) << "it is there";
  EXPECT_EQ(put_if("If-Match", "*").status(), 200);
}

}  // namespace
}  // namespace signet::admin
