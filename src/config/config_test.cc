#include <algorithm>
#include <cstdlib>
#include <fstream>

#include "config/conform.h"
#include "config/server_config.h"
#include "config/units.h"
#include "config/unsafe_switches.h"
#include "support/matchers.h"
#include "support/vectors.h"

namespace signet::config {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

std::string problems_of(std::string_view text, const Environment& environment = {},
                        std::string_view filename = "signet.yaml") {
  auto result = load(text, filename, environment);
  return result.ok() ? std::string("accepted") : to_text(result.error());
}

ServerConfig loaded(std::string_view text, const Environment& environment = {},
                    std::string_view filename = "signet.yaml") {
  auto result = load(text, filename, environment);
  EXPECT_TRUE(result.ok()) << to_text(result.error());
  return result.ok() ? std::move(result).value() : ServerConfig{};
}

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

TEST(UnsafeSwitches, sec_218_that_are_on_are_found_in_every_store) {
  const auto config = loaded(R"(
secret_stores:
  - {name: a, type: filesystem, settings: {directory: /a, unsafe_permissions: true}}
  - {name: b, type: filesystem, settings: {directory: /b, unsafe_permissions: false}}
realms:
  - name: root
    secret_stores:
      - {name: c, type: filesystem, settings: {directory: /c, unsafe_permissions: "yes"}}
)");
  std::vector<std::string> found;
  for (const auto& one : unsafe_switches(config))
    found.push_back(one.realm + "/" + one.store + "/" + one.name);
  EXPECT_THAT(found, ElementsAre("/a/unsafe_permissions", "root/c/unsafe_permissions"));
}

// ------------------------------------------------------------------ hostile texts

TEST(Document, refuses_aliases_so_that_a_small_text_cannot_unfold) {
  EXPECT_THAT(problems_of("a: &x [1]\nserver: *x\n"), HasSubstr("signet.yaml:2: aliases"));
  EXPECT_THAT(problems_of("data_dir: &x here\n"), HasSubstr("signet.yaml:1: anchors"));
}

TEST(Document, a_name_with_a_line_feed_cannot_forge_a_line_of_the_log) {
  const std::string text = problems_of("\"a\\nsignet.yaml: all is well\": 1\n");
  EXPECT_THAT(text, HasSubstr("'a\\x0asignet.yaml: all is well'"));
  EXPECT_EQ(std::count(text.begin(), text.end(), '\n'), 1) << text;
}

TEST(Document, refuses_a_name_that_occurs_twice) {
  EXPECT_THAT(problems_of("server:\n  port: 1\n  port: 2\n"),
              HasSubstr("signet.yaml:3: the name 'port' occurs twice"));
  EXPECT_THAT(problems_of("{\"server\": {\n\"port\": 1,\n\"port\": 2}}", {}, "s.json"),
              HasSubstr("s.json:3:"));
}

TEST(Document, refuses_what_is_too_large_too_deep_or_not_utf8) {
  EXPECT_THAT(problems_of(std::string((1 << 20) + 1, ' ')), HasSubstr("larger than 1048576"));
  EXPECT_THAT(problems_of("data_dir: " + std::string(40, '[') + std::string(40, ']')),
              HasSubstr("nested deeper than 32"));
  EXPECT_THAT(problems_of("data_dir: \xff"), HasSubstr("not UTF-8"));
  EXPECT_THAT(problems_of(std::string("data_dir: a\0b", 13)), HasSubstr("not UTF-8"));
}

TEST(Document, survives_thousands_of_open_brackets) {
  EXPECT_NE(problems_of("data_dir: " + std::string(100'000, '[')), "accepted");
  EXPECT_NE(problems_of("data_dir: " + std::string(100'000, '{')), "accepted");
  EXPECT_NE(problems_of(std::string(100'000, '[')), "accepted");
}

TEST(Document, refuses_tags_several_documents_and_names_that_are_no_texts) {
  EXPECT_THAT(problems_of("data_dir: !!binary aGk=\n"), HasSubstr("the tag"));
  EXPECT_THAT(problems_of("data_dir: a\n---\ndata_dir: b\n"), HasSubstr("several documents"));
  EXPECT_THAT(problems_of("? [a, b]\n: c\n"), HasSubstr("a name must be a text"));
  EXPECT_THAT(problems_of("- a\n- b\n"), HasSubstr("not an object of settings"));
}

TEST(Document, names_the_line_of_a_syntax_error) {
  EXPECT_THAT(problems_of("data_dir: a\nserver: {port: 1\n"), HasSubstr("not YAML"));
  EXPECT_THAT(problems_of("{\n\"data_dir\": \"a\",\n\"server\": nonsense\n}", {}, "s.json"),
              HasSubstr("s.json:3: not JSON"));
}

TEST(Document, keeps_the_lines_of_json) {
  auto document = parse("{\n \"a\": [1,\n \"]}\\\"\",\n {\"b\": true}],\n \"c\": null}", "x.json");
  ASSERT_TRUE(document.ok());
  EXPECT_EQ(document->root.find("a")->line, 2);
  EXPECT_EQ(document->root.find("a")->children[1].line, 3);
  EXPECT_EQ(document->root.find("a")->children[2].children[0].line, 4);
  EXPECT_EQ(document->root.find("c")->line, 5);
}

TEST(Document, reads_scalars_without_a_schema_by_the_core_schema_of_yaml_1_2) {
  auto document = parse("[yes, true, '1', 1, 1.5, ~, 0x10, on, -3, 1e400, .inf]", "x.yaml");
  ASSERT_FALSE(document.ok());
  document = parse("a: [yes, true, '1', 1, 1.5, ~, 0x10, on, -3, 1e400, .inf, -, \"\"]", "x.yaml");
  ASSERT_TRUE(document.ok());
  EXPECT_EQ(json::dump(to_json(*document->root.find("a"))),
            R"(["yes",true,"1",1,1.5,null,"0x10","on",-3,"1e400",".inf","-",""])");
}

// ------------------------------------------------------------------ the schema

TEST(Schema, reports_all_problems_together_with_place_and_remedy) {
  const std::string text = problems_of(
      "server:\n"
      "  adress: x\n"
      "  hsts: yes\n"
      "keys:\n"
      "  publish_ahead: 0\n"
      "realms:\n"
      "  - name: root\n"
      "    acess_token: {}\n");
  EXPECT_EQ(text,
            "signet.yaml:2: server.adress: unknown setting 'adress', did you mean 'address'?\n"
            "signet.yaml:3: server.hsts: 'yes' is not a boolean, write true or false\n"
            "signet.yaml:5: keys.publish_ahead: 0 is below the minimum PT1S, raise it\n"
            "signet.yaml:8: realms[0].acess_token: unknown setting 'acess_token', did you mean "
            "'access_token'?\n");
}

TEST(Schema, a_quoted_word_is_a_text_and_never_a_number_or_a_boolean) {
  EXPECT_THAT(problems_of("server: {port: '8080'}\n"), HasSubstr("is not an integer"));
  EXPECT_THAT(problems_of("server: {hsts: 'true'}\n"), HasSubstr("is not a boolean"));
  EXPECT_THAT(problems_of("server: {port: 0x10}\n"), HasSubstr("is not an integer"));
  EXPECT_THAT(problems_of("server: {port: 010}\n"), HasSubstr("is not an integer"));
  EXPECT_EQ(loaded("data_dir: 123\n").data_dir, "123");
  EXPECT_EQ(loaded("data_dir: true\n").data_dir, "true");
}

TEST(Schema, the_wrong_shape_is_named) {
  EXPECT_THAT(problems_of("server: 8080\n"), HasSubstr("is a single value, not a group"));
  EXPECT_THAT(problems_of("server: {port: [1]}\n"), HasSubstr("is a list, not a integer"));
  EXPECT_THAT(problems_of("secret_stores: {a: b}\n"), HasSubstr("is an object, not a list"));
  EXPECT_THAT(problems_of("server: {cors_origins: here}\n"), HasSubstr("write a list"));
}

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

TEST(Schema, a_list_that_lost_its_items_does_not_open_what_it_closed) {
  for (const char* list : {"scopes", "grant_types"})
    EXPECT_THAT(
        problems_of("realms:\n  - name: root\n    clients:\n      - client_id: a\n        " +
                    std::string(list) + ":\n        # - read\n"),
        HasSubstr(std::string("realms[0].clients[0].") + list +
                  ": has no value, write [] for none, or leave it out"));
  EXPECT_EQ(
      problems_of("realms: [{name: root, scopes: , clients: [{client_id: a, scopes: []}]}]\n"),
      "accepted");
}

TEST(Schema, what_is_required_is_asked_for) {
  EXPECT_THAT(problems_of("server: {tls: {certificate: a.pem}}\n"),
              HasSubstr("server.tls.private_key: is missing"));
  EXPECT_THAT(problems_of("secret_stores: [{type: memory}]\n"),
              HasSubstr("secret_stores[0].name: is missing"));
}

TEST(Schema, a_secret_value_is_never_quoted) {
  EXPECT_THAT(problems_of("realms: [{name: root, clients: [{client_id: a, secret: [hunter2]}]}]\n"),
              testing::Not(HasSubstr("hunter2")));
}

TEST(Schema, fills_defaults_only_where_the_server_owns_the_row) {
  const ServerConfig config = loaded("realms: [{name: root, access_token: {lifetime: 15m}}]\n");
  EXPECT_EQ(config.server.port, 8080);
  EXPECT_EQ(config.keys.publish_ahead, Seconds(600));
  EXPECT_EQ(config.server.limits.header_bytes, 16U * 1024);
  EXPECT_FALSE(config.server.tls);
  ASSERT_EQ(config.realms.size(), 1U);
  EXPECT_EQ(json::dump(config.realms[0].document),
            R"({"name":"root","access_token":{"lifetime":900}})");
}

TEST(Schema, a_rotation_needs_a_store_that_is_there_and_times_that_fit) {
  const ServerConfig config =
      loaded("keys: {rotation: [{id: some.id, store: local, every: 30d}]}\n");
  ASSERT_EQ(config.keys.rotation.size(), 1U);
  EXPECT_EQ(config.keys.rotation[0].every, Seconds(30 * 86400));
  EXPECT_EQ(config.keys.rotation[0].publish_ahead, config.keys.publish_ahead);
  EXPECT_EQ(config.keys.rotation[0].keep, Seconds(7 * 86400));
  const auto refused = [](const std::string& rules) {
    return problems_of("keys: {rotation: [" + rules + "]}\n");
  };
  EXPECT_THAT(refused("{id: a, store: nowhere}"), HasSubstr("there is no store 'nowhere'"));
  EXPECT_THAT(refused("{id: a, store: local, realm: alpha}"), HasSubstr("in realm 'alpha'"));
  EXPECT_THAT(refused("{id: a, store: local, publish_ahead: 1m}"), HasSubstr("make it longer"));
  EXPECT_THAT(refused("{id: a, store: local, every: 1h, publish_ahead: 2h}"),
              HasSubstr("is not longer than publish_ahead"));
  EXPECT_THAT(refused("{id: a, store: local}, {id: a, store: local}"),
              HasSubstr("already rotated"));
  EXPECT_THAT(refused("{store: local}"), HasSubstr("id"));
}

TEST(Schema, sec_107_given_nothing_when_keys_are_configured_then_their_period_is_two_years) {
  EXPECT_EQ(loaded("").keys.cryptoperiod, Seconds(730 * 86400));
  const ServerConfig config = loaded(
      "keys: {cryptoperiod: 365d, cryptoperiods: [{id: a, period: 30d}, {id: a, realm: emea, "
      "period: 20d}]}\n");
  EXPECT_EQ(config.keys.cryptoperiod, Seconds(365 * 86400));
  ASSERT_EQ(config.keys.cryptoperiods.size(), 2U);
  EXPECT_EQ(config.keys.cryptoperiods[0].period, Seconds(30 * 86400));
  EXPECT_EQ(config.keys.cryptoperiods[0].realm, "");
  EXPECT_EQ(config.keys.cryptoperiods[1].id, "a");
  EXPECT_EQ(config.keys.cryptoperiods[1].realm, "emea");
}

TEST(Schema, given_periods_that_cannot_be_meant_when_they_are_configured_then_they_are_refused) {
  EXPECT_THAT(problems_of("keys: {cryptoperiod: 0s}\n"), HasSubstr("keys.cryptoperiod"));
  EXPECT_THAT(problems_of("keys: {cryptoperiods: [{id: a}]}\n"),
              HasSubstr("keys.cryptoperiods[0].period: is missing"));
  EXPECT_THAT(problems_of("keys: {cryptoperiods: [{period: 30d}]}\n"),
              HasSubstr("keys.cryptoperiods[0].id: is missing"));
  EXPECT_THAT(problems_of("keys: {cryptoperiods: [{id: a, period: 30d}, {id: a, period: 20d}]}\n"),
              HasSubstr("'a' already has a period"));
}

TEST(Schema, given_a_rotation_that_comes_after_the_warning_then_it_is_unwise) {
  const auto warnings = [](const std::string& every, const std::string& more) {
    const std::string rules = "[{id: a, store: local, every: " + every + "}]";
    return to_text(loaded("keys: {rotation: " + rules + more + "}\n").warnings);
  };
  const auto is_late = HasSubstr("keys.rotation[0].every: replaces each key only after");
  EXPECT_EQ(warnings("547d", ""), "");
  EXPECT_THAT(warnings("548d", ""), is_late);
  EXPECT_THAT(warnings("90d", ", cryptoperiods: [{id: a, period: 100d}]"), is_late);
  EXPECT_THAT(warnings("90d", ", cryptoperiods: [{id: a, realm: emea, period: 100d}]"),
              testing::Not(is_late))
      << "it is a global store that rotates";
  EXPECT_EQ(warnings("548d", ", cryptoperiods: [{id: a, period: 1000d}]"), "");
}

TEST(Schema, given_a_period_for_a_realm_without_keys_of_its_own_then_it_is_unwise) {
  const auto warnings = [](const std::string& stores) {
    return to_text(loaded("keys: {cryptoperiods: [{id: a, realm: emea, period: 100d}]}\n"
                          "realms: [{name: emea" +
                          stores + "}]\n")
                       .warnings);
  };
  EXPECT_THAT(warnings(""), HasSubstr("keys.cryptoperiods[0].realm: 'emea' has no secret stores"));
  EXPECT_EQ(warnings(", secret_stores: [{name: own, type: environment}]"), "");
}

TEST(Schema, the_request_limit_is_known_by_the_names_that_others_gave_it) {
  const auto limit = [](std::string_view text, const Environment& environment = {},
                        std::string_view filename = "signet.yaml") {
    return loaded(text, environment, filename).max_requests_per_second;
  };
  EXPECT_EQ(limit(""), 0U);
  EXPECT_EQ(limit("oauth: {max_requests_per_second: 5}\n"), 5U);
  EXPECT_EQ(limit("oauth: {maxRequestsPerSecond: 6}\n"), 6U);
  EXPECT_EQ(limit("com.novell.oauth.threshold.maxrequestsallowed: 7\n"), 7U);
  EXPECT_EQ(limit(R"({"com.novell.oauth.threshold.maxrequestsallowed": 8, "oauth": {}})", {},
                  "signet.json"),
            8U);
  EXPECT_EQ(limit("", {{"SIGNET__OAUTH__MAX_REQUESTS_PER_SECOND", "9"}}), 9U);
  EXPECT_EQ(limit("", {{"SIGNET__OAUTH__MAXREQUESTSPERSECOND", "10"}}), 10U);
  EXPECT_EQ(limit("", {{"SIGNET__COM__NOVELL__OAUTH__THRESHOLD__MAXREQUESTSALLOWED", "11"}}), 11U);
  EXPECT_EQ(limit("com.novell.oauth.threshold.maxrequestsallowed: 7\n",
                  {{"SIGNET__OAUTH__MAX_REQUESTS_PER_SECOND", "12"}}),
            12U)
      << "the environment is over the file, whichever name is used";
}

TEST(Schema, a_setting_is_given_by_one_of_its_names) {
  const std::string both = problems_of(
      "oauth:\n  max_requests_per_second: 5\ncom.novell.oauth.threshold.maxrequestsallowed: 7\n");
  EXPECT_THAT(both, HasSubstr("signet.yaml:3: com.novell.oauth.threshold.maxrequestsallowed: is "
                              "another name of oauth.max_requests_per_second, which is given too"));
  EXPECT_THAT(problems_of("com.novell.oauth.threshold.maxrequestsallowed: many\n"),
              HasSubstr("signet.yaml:1: oauth.max_requests_per_second: 'many' is not an integer"));
  EXPECT_THAT(problems_of("oauth: 5\ncom.novell.oauth.threshold.maxrequestsallowed: 7\n"),
              HasSubstr("oauth: is a single value"));
  EXPECT_THAT(problems_of("oauth: {maxRequestsPerSecond: 1000001}\n"),
              HasSubstr("above the maximum"));
  EXPECT_THAT(problems_of("oauth: {max_requests_per_second: -1}\n"),
              HasSubstr("below the minimum"));
  EXPECT_THAT(problems_of("com: {novell: {}}\n"), HasSubstr("unknown setting 'com'"));
}

TEST(Schema, every_default_satisfies_its_own_row) {
  for (const auto& row : settings()) {
    const auto value = default_value(row);
    EXPECT_EQ(value.has_value(), !row.fallback.empty()) << row.path;
    EXPECT_FALSE(row.summary.empty()) << row.path;
    if (value && value->is_number()) {
      EXPECT_GE(*value->if_int(), row.min) << row.path;
      EXPECT_LE(*value->if_int(), row.max) << row.path;
    }
  }
}

TEST(ServerConfig, key_sets_are_read_carefully_unless_somebody_says_otherwise) {
  const ServerConfig plain = loaded("");
  EXPECT_EQ(plain.key_sets.timeout, Seconds(3));
  EXPECT_EQ(plain.key_sets.max_body, std::size_t{256} << 10);
  EXPECT_THAT(plain.key_sets.allow_private_hosts, IsEmpty());
  EXPECT_FALSE(plain.key_sets.allow_http);
  const ServerConfig other = loaded(
      "resource_servers: {jwks: {allow_private_hosts: [keys.internal, '[fd00::7]'], allow_http: "
      "true, last_good: 0s, max_redirects: 0}}");
  EXPECT_THAT(other.key_sets.allow_private_hosts, ElementsAre("keys.internal", "[fd00::7]"));
  EXPECT_EQ(other.key_sets.last_good, Seconds(0));
  EXPECT_EQ(other.key_sets.max_redirects, 0U);
  ASSERT_EQ(other.warnings.size(), 1U);
  EXPECT_EQ(other.warnings.front().path, "resource_servers.jwks.allow_http");
  EXPECT_THAT(problems_of("resource_servers: {jwks: {min_age: 1h, max_age: 1m}}"),
              HasSubstr("resource_servers.jwks.max_age: is shorter than"));
  EXPECT_THAT(
      problems_of("resource_servers: {jwks: {allow_private_hosts: ['https://keys.internal/']}}"),
      HasSubstr("'https://keys.internal/' is no host"));
}

TEST(Schema, the_golden_list_of_settings_is_up_to_date) {
  const char* path = "tests/golden/settings.txt";
  if (std::getenv("SIGNET_GOLDEN")) {
    std::ofstream(path) << settings_listing();
  }
  EXPECT_EQ(test::read_file(path), settings_listing())
      << "a setting moved; if that is meant, run this test with SIGNET_GOLDEN=1";
}

TEST(Schema, the_documentation_holds_the_reference) {
  const char* path = "docs/configuration.md";
  if (std::getenv("SIGNET_GOLDEN")) {
    const std::string text = test::read_file(path);
    const std::size_t from = text.find("| Setting |");
    std::size_t to = from;
    while (to < text.size() && text[to] == '|')
      to = text.find('\n', to) + 1;
    std::ofstream(path) << text.substr(0, from) << settings_markdown() << text.substr(to);
  }
  EXPECT_THAT(test::read_file(path), HasSubstr(settings_markdown()))
      << "put the output of `signet config reference` there, or run this with SIGNET_GOLDEN=1";
}

// ------------------------------------------------------------------ units

TEST(Units, reads_durations_in_three_forms) {
  EXPECT_EQ(parse_duration("PT10M"), Seconds(600));
  EXPECT_EQ(parse_duration("P1DT12H"), Seconds(129600));
  EXPECT_EQ(parse_duration("P2W"), Seconds(1209600));
  EXPECT_EQ(parse_duration("10m"), Seconds(600));
  EXPECT_EQ(parse_duration("1h30m"), Seconds(5400));
  EXPECT_EQ(parse_duration("90d"), Seconds(7776000));
  EXPECT_EQ(parse_duration("600"), Seconds(600));
}

TEST(Units, refuses_durations_that_mean_nothing_or_too_much) {
  for (const char* bad :
       {"", "P", "PT", "P1Y", "P1M", "PT1.5S", "-5", "+5", "10", "1m1h", "1h1h", "m", "10x", "PT10",
        "99999999999999999999", "9999999999999w", "P-1D", "1h 30m", "T10M"}) {
    if (std::string_view(bad) == "10") continue;
    EXPECT_FALSE(parse_duration(bad)) << bad;
  }
}

TEST(Units, writes_the_shortest_form) {
  EXPECT_EQ(format_duration(Seconds(600)), "PT10M");
  EXPECT_EQ(format_duration(Seconds(86400)), "PT24H");
  EXPECT_EQ(format_duration(Seconds(7776000)), "P90D");
  EXPECT_EQ(format_duration(Seconds(0)), "PT0S");
  EXPECT_EQ(format_duration(Seconds(3661)), "PT1H1M1S");
}

TEST(Units, reads_sizes) {
  EXPECT_EQ(parse_size("64KiB"), 65536);
  EXPECT_EQ(parse_size("1MB"), 1'000'000);
  EXPECT_EQ(parse_size("512"), 512);
  EXPECT_FALSE(parse_size("1k"));
  EXPECT_FALSE(parse_size("-1"));
  EXPECT_FALSE(parse_size("9999999999999999GiB"));
  EXPECT_EQ(format_size(65536), "64KiB");
}

// ------------------------------------------------------------------ the environment

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

// ------------------------------------------------------------------ the whole file

TEST(ServerConfig, an_empty_file_is_a_working_configuration) {
  const ServerConfig config = loaded("");
  EXPECT_EQ(config.data_dir, "./data");
  EXPECT_EQ(config.storage_url, "sqlite:./data/signet.db");
  EXPECT_EQ(config.server.public_url, "http://127.0.0.1:8080");
  EXPECT_EQ(config.management.port, 8081);
  EXPECT_EQ(config.keys.lease, Seconds(86400));
  EXPECT_THAT(config.warnings, IsEmpty());
}

TEST(ServerConfig, reads_everything) {
  const ServerConfig config = loaded(R"(
data_dir: /var/lib/signet
server:
  public_url: https://login.example.com/
  address: 0.0.0.0
  port: 8443
  tls: {certificate: c.pem, private_key: k.pem, client_certificates: request}
  hsts: true
log: {level: debug, format: text}
encryption_keys:
  - {name: k1, file: /etc/signet/k1}
secret_stores:
  - name: pems
    type: filesystem
    settings: {directory: /run/secrets, refresh: 5}
    mappings:
      am.services.oauth2.oidc.signing.RSA: [new, old]
realms:
  - name: root
    clients:
      - {client_id: api, secret: hunter2, scopes: [read]}
    secret_stores:
      - {name: own, type: memory}
)");
  EXPECT_EQ(config.server.public_url, "https://login.example.com");
  ASSERT_TRUE(config.server.tls);
  EXPECT_TRUE(config.server.tls->request_client_certificate);
  EXPECT_FALSE(config.log_as_json);
  ASSERT_EQ(config.secret_stores.size(), 1U);
  EXPECT_THAT(config.secret_stores[0].mappings[0].second, ElementsAre("new", "old"));
  EXPECT_EQ(json::dump(config.secret_stores[0].settings),
            R"({"directory":"/run/secrets","refresh":5})");
  ASSERT_EQ(config.realms.size(), 1U);
  ASSERT_EQ(config.realms[0].clients.size(), 1U);
  EXPECT_EQ(*config.realms[0].clients[0].find("secret")->if_string(), "hunter2");
  EXPECT_EQ(config.realms[0].secret_stores[0].name, "own");
  EXPECT_THAT(json::dump(config.shown), HasSubstr("(hidden)"));
  EXPECT_THAT(json::dump(config.shown), testing::Not(HasSubstr("hunter2")));
}

TEST(ServerConfig, resource_servers_are_unique_with_one_default_and_hide_their_keys) {
  const ServerConfig config = loaded(R"(
realms:
  - name: root
    resource_servers:
      - name: RS1
        default: true
        access_token:
          encryption: resource_server_key
          key_encryption_algorithm: A128KW
          jwks: {keys: [{kty: oct, kid: a, k: Vlbwxl5hbCOLMwupPc2hDw}]}
          lifetime: 5m
    inject_policies: [{name: p, client_id: gateway, renew_before: 2m}]
)");
  ASSERT_EQ(config.realms[0].resource_servers.size(), 1U);
  EXPECT_THAT(json::dump(config.realms[0].resource_servers[0]), HasSubstr("\"lifetime\":300"));
  ASSERT_EQ(config.realms[0].inject_policies.size(), 1U);
  EXPECT_EQ(config.realms[0].document.find("resource_servers"), nullptr);
  EXPECT_THAT(json::dump(config.shown), testing::Not(HasSubstr("Vlbwxl5hbCOLMwupPc2hDw")));
  EXPECT_THAT(problems_of("realms: [{name: a, resource_servers: [{name: x}, {name: x}]}]\n"),
              HasSubstr("realms[0].resource_servers[1].name: 'x' is already taken"));
  EXPECT_THAT(problems_of("realms: [{name: a, resource_servers: [{name: x, default: true}, "
                          "{name: y, default: true}]}]\n"),
              HasSubstr("is the second default"));
}

TEST(ServerConfig, a_shared_database_needs_shared_keys) {
  const std::string url = "storage: {url: 'postgresql://signet@db/signet'}\n";
  EXPECT_THAT(problems_of(url), HasSubstr("there are no encryption_keys"));
  EXPECT_THAT(problems_of(url), HasSubstr("there are no secret_stores"));
  EXPECT_EQ(problems_of(url + "encryption_keys: [{name: a, file: /k}]\n"
                              "secret_stores: [{name: s, type: filesystem}]\n"),
            "accepted");
}

TEST(ServerConfig, shows_no_password_of_a_database) {
  const std::string keys =
      "encryption_keys: [{name: a, file: /k}]\nsecret_stores: [{name: s, type: filesystem}]\n";
  for (const std::string url :
       {"postgresql://signet:hunter2@db:5432/signet?sslmode=require",
        "postgres://:hunter2@db/signet", "postgresql://db/signet?password=hunter2&sslmode=require",
        "postgresql://db/signet?sslpassword=hunter2",
        "postgresql://a@db/signet?sslpassword=hunter2&password=hunter2",
        "postgresql://signet:hunter2@db", "postgresql://signet:hun@ter2hunter2@db/x"}) {
    const auto config = loaded("storage: {url: '" + url + "'}\n" + keys);
    EXPECT_EQ(config.storage_url, url);
    EXPECT_THAT(json::dump(config.shown), testing::Not(HasSubstr("hunter2"))) << url;
    EXPECT_THAT(json::dump(config.shown), HasSubstr("(hidden)"));
  }
  EXPECT_THAT(json::dump(loaded("storage: {url: 'postgresql://u@db:5432/x'}\n" + keys).shown),
              HasSubstr("postgresql://u@db:5432/x"));
}

TEST(ServerConfig, a_sealing_key_that_is_lost_is_named_by_its_id) {
  EXPECT_THAT(loaded("lost_encryption_keys: ['00112233445566aa']\n").lost_encryption_keys,
              ElementsAre("00112233445566aa"));
  EXPECT_THAT(problems_of("lost_encryption_keys: [k1]\n"), HasSubstr("is no id of a sealing key"));
}

TEST(ServerConfig, reads_what_the_old_server_sealed_its_values_with) {
  EXPECT_EQ(loaded("").legacy_encryption.file, "");
  const auto legacy =
      loaded("legacy_encryption: {file: /k, digest: SHA256, iterations: 20000, size: 256}\n")
          .legacy_encryption;
  EXPECT_EQ(legacy.file, "/k");
  EXPECT_EQ(legacy.digest, "SHA256");
  EXPECT_EQ(legacy.iterations, 20'000U);
  EXPECT_EQ(legacy.bits, 256U);
  EXPECT_THAT(problems_of("legacy_encryption: {file: /k, environment: K}\n"),
              HasSubstr("legacy_encryption: has a file and an environment"));
  EXPECT_THAT(problems_of("legacy_encryption: {iterations: 1}\n"), HasSubstr("below the minimum"));
}

TEST(ServerConfig, refuses_what_cannot_hold_together) {
  EXPECT_THAT(problems_of("server: {port: 8081}\n"), HasSubstr("is the public listener's port"));
  EXPECT_THAT(problems_of("server: {address: 0.0.0.0}\n"),
              HasSubstr("server.public_url: is missing"));
  EXPECT_THAT(problems_of("server: {public_url: 'https://a/b'}\n"), HasSubstr("has a path"));
  EXPECT_THAT(problems_of("server: {public_url: 'https://u:p@a'}\n"), HasSubstr("not an absolute"));
  EXPECT_THAT(problems_of("server: {hsts: true}\n"), HasSubstr("needs https"));
  EXPECT_THAT(problems_of("keys: {refresh: 10m}\n"), HasSubstr("twice keys.refresh"));
  EXPECT_THAT(problems_of("encryption_keys: [{name: a}]\n"), HasSubstr("exactly one of"));
  EXPECT_THAT(problems_of("secret_stores: [{name: a, type: b}, {name: a, type: b}]\n"),
              HasSubstr("signet.yaml:1: secret_stores[1].name: 'a' is already taken"));
  EXPECT_THAT(problems_of("secret_stores: [{name: ../a, type: b}]\n"), HasSubstr("is not a name"));
  EXPECT_THAT(problems_of("realms: [{name: a, clients: [{client_id: x}, {client_id: x}]}]\n"),
              HasSubstr("realms[0].clients[1].client_id: 'x' is already taken"));
  EXPECT_THAT(problems_of("secret_stores: [{name: a, type: b, mappings: {a..b: [x]}}]\n"),
              HasSubstr("is not a secret ID"));
}

TEST(ServerConfig, warns_of_what_is_unwise) {
  const ServerConfig config =
      loaded("server: {public_url: 'http://login.example.com'}\nmanagement: {address: 0.0.0.0}\n");
  EXPECT_EQ(config.warnings.size(), 2U);
  EXPECT_EQ(loaded("server: {public_url: 'http://127.example.com'}\n").warnings.size(), 1U)
      << "a name that only looks like loopback";
}

// ------------------------------------------------------------------ Indicium

TEST(Indicium, its_setting_is_understood_in_its_own_file_in_ours_and_in_the_environment) {
  const std::string json =
      "{\n  // written by .NET\n  \"Logging\": {\"x\": [1,],},\n"
      "  \"OpenIDServerSigningSettings\": {\n    \"AwsSecretManager\": {\"SecretName\": \"a\"},\n  "
      "}\n}";
  const auto own = load(json, "/srv/appsettings.Production.json", {});
  ASSERT_TRUE(own.ok()) << to_text(own.error());
  ASSERT_TRUE(own->shared_signing);
  EXPECT_EQ(own->shared_signing->aws_secret_name, "a");
  const auto environment =
      load("", "signet.yaml", {{"OpenIDServerSigningSettings__AwsSecretManager__SecretName", "b"}});
  ASSERT_TRUE(environment.ok()) << to_text(environment.error());
  EXPECT_EQ(environment->shared_signing->aws_secret_name, "b");
  const ServerConfig azure =
      loaded("OpenIDServerSigningSettings: {KeyVaultCertificateUrl: 'https://v/c'}\n");
  EXPECT_EQ(azure.shared_signing->key_vault_certificate_url, "https://v/c");
  EXPECT_FALSE(loaded("").shared_signing);
}

TEST(Indicium, one_of_its_two_places_is_given) {
  EXPECT_THAT(problems_of("OpenIDServerSigningSettings: {}\n"), HasSubstr("needs exactly one of"));
  EXPECT_THAT(problems_of("OpenIDServerSigningSettings: {KeyVaultCertificateUrl: 'https://v/c', "
                          "AwsSecretManager: {SecretName: a}}\n"),
              HasSubstr("needs exactly one of"));
}

TEST(Indicium, other_members_are_tolerated_only_in_its_own_file) {
  const std::string json = R"({"Logging": {}, "OpenIDServerSigningSettings": {}})";
  EXPECT_THAT(problems_of(json, {}, "signet.json"), HasSubstr("unknown setting 'Logging'"));
  EXPECT_THAT(problems_of(json, {}, "appsettings.json"), HasSubstr("needs exactly one of"));
  EXPECT_THAT(problems_of(R"({"Logging": {}})", {}, "appsettings.json"),
              HasSubstr("unknown setting 'Logging'"));
}

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
