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

constexpr const char* kFile = R"(
data_dir: /from/the/file
server:
  port: 1
  cors_origins: [https://a.example, https://b.example]
  tls: {certificate: /a, private_key: /b}
secret_stores:
  - name: pems
    type: filesystem
    settings: {directory: /pems, suffix: .pem}
    mappings: {am.services.x: [one, two], am.services.y: [three]}
  - {name: more, type: filesystem, settings: {directory: /more}}
)";

TEST(Overlay, replaces_a_whole_list_or_group_by_json) {
  EXPECT_THAT(loaded(kFile, {{"SIGNET__SERVER__CORS_ORIGINS", R"(["https://c.example"])"}})
                  .server.cors_origins,
              ElementsAre("https://c.example"));
  EXPECT_THAT(loaded(kFile, {{"SIGNET__SERVER__CORS_ORIGINS", "[]"}}).server.cors_origins,
              ElementsAre());
  const ServerConfig group = loaded(kFile, {{"SIGNET__SERVER", R"({"port": 9090})"}});
  EXPECT_EQ(group.server.port, 9090);
  EXPECT_FALSE(group.server.tls.has_value()) << "nothing of the file's is left";
  EXPECT_EQ(group.data_dir, "/from/the/file");

  const ServerConfig stores =
      loaded(kFile, {{"SIGNET__SECRET_STORES",
                      R"([{"name":"vars","type":"environment","settings":{"format":"BASE64"}}])"}});
  ASSERT_EQ(stores.secret_stores.size(), 1U);
  EXPECT_EQ(stores.secret_stores[0].name, "vars");

  const ServerConfig parts =
      loaded(kFile, {{"SIGNET__SECRET_STORES__0__SETTINGS", R"({"directory":"/other"})"},
                     {"SIGNET__SECRET_STORES__0__MAPPINGS__am.services.x", R"(["three","one"])"},
                     {"SIGNET__SECRET_STORES__1",
                      R"({"name":"new","type":"filesystem","settings":{"directory":"/new"}})"},
                     {"SIGNET__SECRET_STORES__2", R"({"name":"last","type":"environment"})"}});
  ASSERT_EQ(parts.secret_stores.size(), 3U);
  EXPECT_EQ(json::dump(parts.secret_stores[0].settings), R"({"directory":"/other"})");
  EXPECT_THAT(parts.secret_stores[0].mappings[0].second, ElementsAre("three", "one"));
  EXPECT_THAT(parts.secret_stores[0].mappings[1].second, ElementsAre("three"));
  EXPECT_EQ(parts.secret_stores[1].name, "new");
  EXPECT_EQ(parts.secret_stores[2].name, "last");
}

TEST(Overlay, a_whole_comes_before_what_other_variables_say_of_its_parts) {
  for (const char* part : {"signet__Server__CORS_ORIGINS__0", "SIGNET__SERVER__CORS_ORIGINS__0"}) {
    EXPECT_THAT(loaded(kFile, {{"SIGNET__SERVER__cors_origins", R"(["https://c.example","x"])"},
                               {part, "https://d.example"},
                               {"SIGNET__SERVER__CORS_ORIGINS__1", "https://e.example"}})
                    .server.cors_origins,
                ElementsAre("https://d.example", "https://e.example"));
    EXPECT_THAT(
        loaded(kFile, {{"SIGNET__SERVER__cors_origins", "null"}, {part, "https://d.example"}})
            .server.cors_origins,
        ElementsAre("https://d.example"));
  }
  const ServerConfig other_name = loaded("", {{"SIGNET__OAUTH", R"({"maxRequestsPerSecond": 5})"}});
  EXPECT_EQ(other_name.max_requests_per_second, 5U);
}

TEST(Overlay, null_takes_away_what_the_file_says) {
  const ServerConfig config =
      loaded(kFile, {{"SIGNET__DATA_DIR", "null"},
                     {"SIGNET__SERVER__PORT", "null"},
                     {"SIGNET__SERVER__CORS_ORIGINS", "null"},
                     {"SIGNET__SERVER__TLS", "null"},
                     {"SIGNET__MANAGEMENT", "null"},
                     {"SIGNET__SECRET_STORES__0__SETTINGS__SUFFIX", "null"},
                     {"SIGNET__SECRET_STORES__0__MAPPINGS__am.services.x", "null"},
                     {"SIGNET__SECRET_STORES__1__MAPPINGS", "null"}});
  EXPECT_EQ(config.data_dir, "./data");
  EXPECT_EQ(config.server.port, 8080);
  EXPECT_THAT(config.server.cors_origins, ElementsAre());
  EXPECT_FALSE(config.server.tls.has_value());
  EXPECT_EQ(json::dump(config.secret_stores[0].settings), R"({"directory":"/pems"})");
  ASSERT_EQ(config.secret_stores[0].mappings.size(), 1U);
  EXPECT_EQ(config.secret_stores[0].mappings[0].first, "am.services.y");
  EXPECT_FALSE(config.secret_stores[1].has_mappings);
  EXPECT_TRUE(loaded(kFile, {{"SIGNET__SECRET_STORES", "null"}}).secret_stores.empty());
}

TEST(Overlay, kids_are_replaced_as_a_whole_and_one_by_one) {
  constexpr const char* kNamed =
      "secret_stores: [{name: ks, type: keystore, kids: {one: login-1, two: 2}}]\n";
  const auto kids_with = [&](const Environment& environment) {
    return loaded(kNamed, environment).secret_stores.at(0).kids;
  };
  using Kid = std::pair<std::string, std::string>;
  EXPECT_THAT(kids_with({}), ElementsAre(Kid("one", "login-1"), Kid("two", "2")));
  EXPECT_THAT(kids_with({{"SIGNET__SECRET_STORES__0__KIDS", R"({"a.B":"x"})"}}),
              ElementsAre(Kid("a.B", "x")));
  EXPECT_THAT(kids_with({{"SIGNET__SECRET_STORES__0__KIDS__ONE", "login-3"},
                         {"SIGNET__SECRET_STORES__0__KIDS__two", "null"}}),
              ElementsAre(Kid("one", "login-3")));
  EXPECT_THAT(kids_with({{"SIGNET__SECRET_STORES__0__KIDS", "null"}}), ElementsAre());
}

TEST(Overlay, null_makes_no_group_of_what_it_takes_away) {
  // A group that is there needs both of its settings.
  EXPECT_EQ(problems_of("", {{"SIGNET__SERVER__TLS__CERTIFICATE", "null"},
                             {"SIGNET__SECRET_STORES__0__NAME", "null"},
                             {"SIGNET__OPENIDSERVERSIGNINGSETTINGS__AWSSECRETMANAGER__SECRETNAME",
                              "null"}}),
            "accepted");
  EXPECT_THAT(problems_of(kFile, {{"SIGNET__SERVER__TLS__CERTIFICATE", "null"}}),
              HasSubstr("server.tls.certificate: is missing"));
}

TEST(Overlay, refuses_wholes_that_are_none) {
  for (const char* none : {"", "https://a.example", "a,b", "[\"a\"", "{}", "1", "[\"a\",]"})
    EXPECT_THAT(problems_of(kFile, {{"SIGNET__SERVER__CORS_ORIGINS", none}}),
                HasSubstr("'CORS_ORIGINS' is a list, and the value is not one in JSON"))
        << none;
  EXPECT_THAT(problems_of(kFile, {{"SIGNET__SECRET_STORES__1", "null"}}),
              HasSubstr("'1' is one item of a list, and null takes away whole settings"));
  EXPECT_THAT(problems_of(kFile, {{"SIGNET__SERVER__CORS_ORIGINS__0", "null"}}),
              HasSubstr("is one item of a list"));
  EXPECT_EQ(
      problems_of(kFile, {{"SIGNET__SERVER", R"({"poort":1})"}}),
      "environment variable SIGNET__SERVER: server.poort: unknown setting 'poort', did you mean "
      "'port'?\n");
  EXPECT_THAT(problems_of(kFile, {{"SIGNET__SERVER__CORS_ORIGINS", "null"},
                                  {"signet__server__cors_origins", "[]"}}),
              HasSubstr(" sets to another value"));
}

TEST(Overlay, a_whole_that_is_wrong_shows_nothing_of_its_secrets) {
  EXPECT_THAT(
      problems_of("", {{"SIGNET__REALMS", R"([{"name":"root","clients":[{"secret":"hunter2!")"}}),
      testing::Not(HasSubstr("hunter2")));
  const ServerConfig config =
      loaded("", {{"SIGNET__REALMS",
                   R"([{"name":"root","clients":[{"client_id":"a","secret":"hunter2!"}]}])"}});
  EXPECT_THAT(json::dump(config.shown), testing::Not(HasSubstr("hunter2")));
}

TEST(Overlay, refuses_variables_that_fit_no_setting) {
  EXPECT_EQ(problems_of("", {{"SIGNET__SERVER__ADRESS", "1"}}),
            "environment variable SIGNET__SERVER__ADRESS: unknown setting 'adress', did you mean "
            "'address'?\n");
  EXPECT_EQ(
      problems_of("", {{"SIGNET__SERVER", "1"}}),
      "environment variable SIGNET__SERVER: 'SERVER' is a group, not a value, and the value is "
      "no object in JSON, write {\"name\": ...}, or the settings in it: ...__NAME\n");
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
