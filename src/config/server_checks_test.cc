#include "base/worker.h"
#include "config/test_config.h"

namespace signet::config {
namespace {

using test::problems_of;
using testing::HasSubstr;

TEST(ServerChecks, an_origin_that_no_browser_sends_is_told) {
  for (const char* origin : {"https://a.example/", "null", "a.example", "https://A.example", "://a",
                             "https://", "https://u@a.example", "https://a.example?x"})
    EXPECT_THAT(problems_of("server: {cors_origins: [\"" + std::string(origin) + "\"]}\n"),
                HasSubstr("is no origin that a browser sends"))
        << origin;
  for (const char* origin :
       {"*", "https://a.example", "http://localhost:3000", "http://[::1]:8080", "app://local"})
    EXPECT_EQ(problems_of("server: {cors_origins: [\"" + std::string(origin) + "\"]}\n"),
              "accepted")
        << origin;
}

TEST(ServerChecks, a_public_url_has_a_port_that_there_can_be) {
  for (const char* port : {":0", ":65536", ":99999", ":", ":8o", ":443:443"})
    EXPECT_THAT(
        problems_of("server: {public_url: \"https://a.example" + std::string(port) + "\"}\n"),
        HasSubstr("has a port that there is not"))
        << port;
  for (const char* url : {"https://a.example", "https://a.example:65535/", "https://[::1]:8443"})
    EXPECT_EQ(problems_of("server: {public_url: \"" + std::string(url) + "\"}\n"), "accepted")
        << url;
}

TEST(ServerChecks, given_the_most_loops_then_accepted_and_one_more_is_refused_with_the_bound) {
  const auto with = [](std::size_t loops) {
    return problems_of("server: {loops: " + std::to_string(loops) + "}\n");
  };
  EXPECT_EQ(with(0), "accepted");
  EXPECT_EQ(with(kMaxLoops), "accepted");
  EXPECT_THAT(with(kMaxLoops + 1),
              testing::AllOf(HasSubstr("server.loops"), HasSubstr(std::to_string(kMaxLoops))));
}

TEST(ServerChecks, a_scope_that_a_client_lists_and_nothing_defines_is_a_warning) {
  const auto warnings = [](const std::string& realm) {
    return to_text(
        test::loaded("realms:\n  - {name: root, clients: [{client_id: a, scopes: [read, orders], "
                     "default_scopes: [read]}]" +
                     realm + "}\n")
            .warnings);
  };
  EXPECT_EQ(warnings(", scopes: [read], resource_servers: [{name: s, scopes: [{name: orders}]}]"),
            "");
  const std::string lacking = warnings(", resource_servers: [{name: s, scopes: [{name: orders}]}]");
  EXPECT_THAT(lacking, HasSubstr("signet.yaml:2: realms[0].clients[0].scopes: 'read' is defined "
                                 "nowhere here"));
  EXPECT_THAT(lacking, testing::Not(HasSubstr("'orders'")));
}

}  // namespace
}  // namespace signet::config
