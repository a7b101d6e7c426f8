#include "config/conform.h"

namespace signet::config {
namespace {

TEST(Conform, drops_what_a_newer_server_sends_and_fills_what_it_leaves_out) {
  auto sent = json::parse(R"({"name":"root","future":1,"access_token":{"lifetime":"PT5M"}})");
  auto conformed =
      conform(to_node(*sent, "the server"), realm_schema(), Fill::kAll, Unknown::kDrop);
  ASSERT_TRUE(conformed.ok()) << to_text(conformed.error());
  EXPECT_EQ(json::dump(conformed->values),
            R"({"name":"root","enabled":true,"access_token":{"format":"jwt",)"
            R"("signing_algorithm":"RS256","lifetime":300,"max_lifetime":3600},)"
            R"("strict_resource_servers":false})");
}

}  // namespace
}  // namespace signet::config
