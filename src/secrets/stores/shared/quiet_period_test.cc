#include "secrets/stores/shared/quiet_period.h"

#include <gtest/gtest.h>

namespace signet::secrets {
namespace {

struct Setting {
  std::shared_ptr<ManualClock> clock = std::make_shared<ManualClock>();
  QuietPeriod quiet{clock, std::make_shared<SeededRandom>(7)};
};

TEST(QuietPeriod, two_failures_are_borne_and_a_success_forgets_them) {
  Setting s;
  s.quiet.failed();
  s.quiet.failed();
  EXPECT_EQ(s.quiet.left(), Milliseconds(0));
  s.quiet.succeeded();
  s.quiet.failed();
  s.quiet.failed();
  EXPECT_EQ(s.quiet.left(), Milliseconds(0));
}

TEST(QuietPeriod, it_grows_with_every_failure_and_ends) {
  Setting s;
  Milliseconds before{0};
  for (int i = 0; i < 40; ++i) {
    s.clock->advance(s.quiet.left());
    s.quiet.failed();
    EXPECT_LE(s.quiet.left(), Milliseconds(30'000));
    if (i == 2) {
      EXPECT_GE(s.quiet.left(), Milliseconds(500));
      EXPECT_LE(s.quiet.left(), Milliseconds(1'000));
    }
  }
  before = s.quiet.left();
  EXPECT_GE(before, Milliseconds(15'000));
  s.clock->advance(before);
  EXPECT_EQ(s.quiet.left(), Milliseconds(0));
}

TEST(QuietPeriod, what_failed_beside_others_is_no_longer_pause) {
  Setting s;
  for (int i = 0; i < 8; ++i)
    s.quiet.failed();
  EXPECT_LE(s.quiet.left(), Milliseconds(1'000)) << "all eight began before it";
  s.clock->advance(s.quiet.left());
  s.quiet.failed();
  EXPECT_GE(s.quiet.left(), Milliseconds(1'000)) << "the next one began after it";
  EXPECT_LE(s.quiet.left(), Milliseconds(2'000));
}

TEST(QuietPeriod, what_the_service_asks_for_is_kept_within_reason) {
  Setting s;
  s.quiet.asked("7");
  EXPECT_EQ(s.quiet.left(), Milliseconds(7'000));
  s.quiet.asked("86400");
  EXPECT_EQ(s.quiet.left(), Milliseconds(300'000));
  s.quiet.asked("0");
  EXPECT_EQ(s.quiet.left(), Milliseconds(0));
  for (const char* odd : {"", "soon", "-1", "7x", "99999999999999"}) {
    Setting fresh;
    fresh.quiet.asked(odd);
    EXPECT_GE(fresh.quiet.left(), Milliseconds(500)) << odd;
    EXPECT_LE(fresh.quiet.left(), Milliseconds(1'000)) << odd;
  }
}

}  // namespace
}  // namespace signet::secrets
