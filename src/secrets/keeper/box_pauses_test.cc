#include "secrets/keeper/box_pauses.h"

#include "support/matchers.h"

namespace signet::secrets {
namespace {

using signet::test::fails;
using signet::test::is_ok;

const KeyId kBoxed("boxed");
const Error kNoAnswer{Code::kTimeout, "store_timeout", "no answer"};
constexpr Milliseconds kTryLimit{5000};
constexpr Instant kThen = from_unix_seconds(1'700'000'000);

void fail_three_times(BoxPauses& pauses) {
  for (int i = 0; i < 3; ++i)
    pauses.failed(kBoxed, kNoAnswer, kThen);
}

TEST(BoxPauses, after_a_pause_one_call_tries_and_any_answer_ends_it) {
  BoxPauses pauses;
  pauses.failed(kBoxed, kNoAnswer, kThen);
  pauses.failed(kBoxed, kNoAnswer, kThen);
  EXPECT_THAT(pauses.may_ask(kBoxed, kThen, kTryLimit), is_ok()) << "twice is no trouble yet";
  pauses.failed(kBoxed, kNoAnswer, kThen);
  EXPECT_THAT(pauses.may_ask(kBoxed, kThen, kTryLimit), fails("box_paused"));
  const Instant after = kThen + Milliseconds(400);
  EXPECT_THAT(pauses.may_ask(kBoxed, after, kTryLimit), is_ok());
  EXPECT_THAT(pauses.may_ask(kBoxed, after, kTryLimit), fails("box_paused")) << "one tries";
  EXPECT_THAT(pauses.may_ask(kBoxed, after + kTryLimit, kTryLimit), is_ok()) << "it never ended";
  pauses.answered(kBoxed);
  EXPECT_THAT(pauses.may_ask(kBoxed, after + kTryLimit, kTryLimit), is_ok());
}

TEST(BoxPauses, a_clock_that_is_set_back_makes_no_pause_longer) {
  BoxPauses pauses;
  fail_three_times(pauses);
  const Instant earlier = kThen - Seconds(3600);
  EXPECT_THAT(pauses.may_ask(kBoxed, earlier, kTryLimit), is_ok());
  EXPECT_THAT(pauses.may_ask(kBoxed, earlier, kTryLimit), fails("box_paused")) << "one tries";
  pauses.failed(kBoxed, kNoAnswer, earlier);
  EXPECT_THAT(pauses.may_ask(kBoxed, earlier, kTryLimit), fails("box_paused")) << "a new pause";
}

}  // namespace
}  // namespace signet::secrets
