#include "base/log.h"

#include <gtest/gtest.h>

#include <cstdlib>

namespace signet::log {
namespace {

// In a process of its own: what is still buffered when that ends is lost.
TEST(Log, the_last_line_is_written_by_a_process_that_ends_at_once) {
  GTEST_FLAG_SET(death_test_style, "threadsafe");
  EXPECT_EXIT(
      {
        configure(Level::kError, true);
        last_line(Level::kWarn, "not_asked_for");
        last_line(Level::kError, "ended", {{"detail", "no answer\n"}});
        std::_Exit(3);
      },
      testing::ExitedWithCode(3), R"("level":"error","event":"ended","detail":"no answer.n")");
}

TEST(Log, what_was_logged_before_a_flush_is_written_when_that_returns) {
  GTEST_FLAG_SET(death_test_style, "threadsafe");
  EXPECT_EXIT(
      {
        configure(Level::kInfo, true);
        for (int i = 0; i < 1000; ++i)
          info("counted", {{"number", i}});
        flush();
        std::_Exit(3);
      },
      testing::ExitedWithCode(3), R"("event":"counted","number":999)");
}

}  // namespace
}  // namespace signet::log
