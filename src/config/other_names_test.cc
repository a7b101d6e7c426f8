#include "config/test_config.h"

namespace signet::config {
namespace {

using test::loaded;
using test::problems_of;
using testing::HasSubstr;

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

}  // namespace
}  // namespace signet::config
