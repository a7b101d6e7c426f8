#include "base/json_fields.h"

#include "support/matchers.h"

namespace signet::json {
namespace {

using test::fails;
using test::is_ok;

TEST(JsonFields, tells_all_faults_at_once_with_the_nearest_known_name) {
  const Object object = *parse_object(R"({"name":5,"lifetme":"PT1M","color":"blue","n":99})");
  Fields f(object, "realm");
  f.text("name");
  f.duration("lifetime", std::chrono::seconds(60), std::chrono::seconds(1), std::chrono::hours(1));
  f.word("color", "red", {"red", "green"});
  f.integer("n", 1, 0, 10);
  const Status status = f.finish();
  EXPECT_THAT(status, fails("settings_invalid"));
  const std::string& all = status.error().detail;
  EXPECT_THAT(all, ::testing::HasSubstr("realm.name: must be a text"));
  EXPECT_THAT(all, ::testing::HasSubstr("did you mean 'lifetime'?"));
  EXPECT_THAT(all, ::testing::HasSubstr("'blue' is not one of red, green"));
  EXPECT_THAT(all, ::testing::HasSubstr("realm.n: must be a whole number from 0 to 10"));
}

TEST(JsonFields, reads_what_is_right) {
  const Object object = *parse_object(R"({"t":"x","b":true,"l":["a","b"],"d":"24h","d2":90})");
  Fields f(object, "o");
  EXPECT_EQ(f.text("t"), "x");
  EXPECT_TRUE(f.boolean("b", false));
  EXPECT_EQ(f.texts("l"), (std::vector<std::string>{"a", "b"}));
  EXPECT_EQ(f.duration("d", {}, {}, std::chrono::hours(48)), std::chrono::hours(24));
  EXPECT_EQ(f.duration("d2", {}, {}, std::chrono::hours(48)), std::chrono::seconds(90));
  EXPECT_THAT(f.finish(), is_ok());
}

TEST(Duration, reads_iso_8601_and_short_forms) {
  const std::pair<const char*, int> rows[] = {
      {"PT10M", 600}, {"P1D", 86400}, {"P1DT1H1M1S", 90061}, {"10m", 600},
      {"24h", 86400}, {"90", 90},     {"1h30m", 5400},       {"7d", 604800}};
  for (const auto& [text, seconds] : rows)
    EXPECT_EQ(parse_duration(text), std::chrono::seconds(seconds)) << text;
  for (const char* bad : {"", "P", "PT", "10x", "-5", "P1M", "PT1", "1m5", "m", "99999999999999"})
    EXPECT_EQ(parse_duration(bad), std::nullopt) << bad;
  std::string beyond;  // more than 2^63 seconds in all
  for (int i = 0; i < 2000; ++i)
    beyond += "9999999999w";
  EXPECT_EQ(parse_duration(beyond), std::nullopt);
  for (const int s : {1, 59, 60, 3600, 86399, 86400, 90061})
    EXPECT_EQ(parse_duration(format_duration(std::chrono::seconds(s))), std::chrono::seconds(s));
}

}  // namespace
}  // namespace signet::json
