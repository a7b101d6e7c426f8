#include "cli/time_text.h"

namespace signet::cli {
namespace {

TEST(TimeText, reads_what_servers_write) {
  EXPECT_EQ(parse_time("2023-11-14T22:13:20Z"), from_unix_seconds(1'700'000'000));
  EXPECT_EQ(parse_time("2023-11-14T22:13:20.123456Z"),
            from_unix_seconds(1'700'000'000) + Milliseconds(123));
  EXPECT_FALSE(parse_time("2023-02-30T00:00:00Z"));
  EXPECT_FALSE(parse_time("2023-11-14 22:13:20Z"));
  EXPECT_FALSE(parse_time("2023-11-14T22:13:20"));
  EXPECT_EQ(format_time(from_unix_seconds(1'700'000'000)), "2023-11-14T22:13:20Z");
}

}  // namespace
}  // namespace signet::cli
