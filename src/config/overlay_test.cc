// Settings of the environment over those of the file.

#include "config/test_config.h"

namespace signet::config {
namespace {

using test::loaded;
using test::problems_of;
using testing::ElementsAre;
using testing::HasSubstr;

TEST(Environment, a_name_with_one_underscore_too_few_is_told) {
  const auto config = loaded("", {{"SIGNET_SERVER__PORT", "1"}, {"SIGNET_CONFIG", "x.yaml"}});
  ASSERT_EQ(config.warnings.size(), 1U);
  EXPECT_EQ(to_text(config.warnings.front()),
            "environment variable SIGNET_SERVER__PORT: is not read, settings begin with SIGNET__: "
            "two underscores");
}

TEST(Environment, two_names_of_one_setting_do_not_contradict_each_other_in_silence) {
  for (const Environment& both :
       {Environment{{"SIGNET__SERVER__PORT", "1"}, {"signet__server__port", "2"}},
        Environment{{"SIGNET__OAUTH__MAXREQUESTSPERSECOND", "1"},
                    {"SIGNET__OAUTH__MAX_REQUESTS_PER_SECOND", "2"}},
        Environment{{"SIGNET__SERVER__CORS_ORIGINS__0", "https://a.example"},
                    {"SIGNET__SERVER__CORS_ORIGINS__00", "https://b.example"}}})
    EXPECT_THAT(problems_of("", both), HasSubstr(" sets to another value, unset one of the two"));
  EXPECT_EQ(problems_of("", {{"SIGNET__SERVER__PORT", "1"}, {"signet__server__port", "1"}}),
            "accepted");
}

TEST(Overlay, puts_variables_over_the_document_without_minding_case) {
  const ServerConfig config =
      loaded("server: {port: 1}\n", {{"SIGNET__SERVER__PORT", "9090"},
                                     {"signet__Management__Port", "9091"},
                                     {"SIGNET__SERVER__CORS_ORIGINS__0", "https://a.example"},
                                     {"PATH", "/bin"},
                                     {"SIGNET_TEST", "x"}});
  EXPECT_EQ(config.server.port, 9090);
  EXPECT_EQ(config.management.port, 9091);
  EXPECT_THAT(config.server.cors_origins, ElementsAre("https://a.example"));
}

TEST(Overlay, adds_items_in_their_order) {
  Environment environment;
  for (int i = 0; i < 12; ++i) {
    const std::string prefix = "SIGNET__SECRET_STORES__" + std::to_string(i) + "__";
    environment[prefix + "NAME"] = "s" + std::to_string(i);
    environment[prefix + "TYPE"] = "filesystem";
    environment[prefix + "SETTINGS__DIRECTORY"] = "/run/secrets";
    environment[prefix + "MAPPINGS__am.services.x__0"] = "first";
  }
  const ServerConfig config = loaded("", environment);
  ASSERT_EQ(config.secret_stores.size(), 12U);
  EXPECT_EQ(config.secret_stores[11].name, "s11");
  EXPECT_EQ(json::dump(config.secret_stores[11].settings), R"({"directory":"/run/secrets"})");
  ASSERT_EQ(config.secret_stores[0].mappings.size(), 1U);
  EXPECT_EQ(config.secret_stores[0].mappings[0].first, "am.services.x");
}

TEST(Overlay, refuses_variables_that_fit_no_setting) {
  EXPECT_EQ(problems_of("", {{"SIGNET__SERVER__ADRESS", "1"}}),
            "environment variable SIGNET__SERVER__ADRESS: unknown setting 'adress', did you mean "
            "'address'?\n");
  EXPECT_THAT(problems_of("", {{"SIGNET__SERVER", "1"}}), HasSubstr("not a group"));
  EXPECT_THAT(problems_of("", {{"SIGNET__SERVER__PORT__X", "1"}}),
              HasSubstr("below a single value"));
  EXPECT_THAT(problems_of("", {{"SIGNET__SECRET_STORES__3__NAME", "a"}}),
              HasSubstr("leaves a gap"));
  EXPECT_THAT(problems_of("", {{"SIGNET__SECRET_STORES__X__NAME", "a"}}),
              HasSubstr("not the number"));
  EXPECT_THAT(problems_of("", {{"SIGNET__SERVER__PORT", "99999"}}),
              HasSubstr("environment variable SIGNET__SERVER__PORT: server.port: 99999 is above"));
}

}  // namespace
}  // namespace signet::config
