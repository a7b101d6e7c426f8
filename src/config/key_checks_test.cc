#include "config/test_config.h"

namespace signet::config {
namespace {

using test::loaded;
using test::problems_of;
using testing::HasSubstr;

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

}  // namespace
}  // namespace signet::config
