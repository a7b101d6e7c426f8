#include "secrets/keeper/box_pauses.h"

#include "support/matchers.h"

namespace signet::secrets {
namespace {

using signet::test::fails;
using signet::test::is_ok;

const KeyId kBoxed("boxed");
const Error kNoAnswer{Code::kTimeout, "store_timeout", "no answer"};
constexpr Milliseconds kTryLimit{5000};
constexpr Milliseconds kThen{1'700'000};

TEST(BoxPauses, after_a_pause_one_call_tries_and_any_answer_ends_it) {
  BoxPauses pauses;
  pauses.failed(kBoxed, kNoAnswer, kThen);
  pauses.failed(kBoxed, kNoAnswer, kThen);
  EXPECT_THAT(pauses.may_ask(kBoxed, kThen, kTryLimit), is_ok()) << "twice is no trouble yet";
  pauses.failed(kBoxed, kNoAnswer, kThen);
  EXPECT_THAT(pauses.may_ask(kBoxed, kThen, kTryLimit), fails("box_paused"));
  const Milliseconds after = kThen + Milliseconds(400);
  EXPECT_THAT(pauses.may_ask(kBoxed, after, kTryLimit), is_ok());
  EXPECT_THAT(pauses.may_ask(kBoxed, after, kTryLimit), fails("box_paused")) << "one tries";
  EXPECT_THAT(pauses.may_ask(kBoxed, after + kTryLimit, kTryLimit), is_ok()) << "it never ended";
  pauses.answered(kBoxed);
  EXPECT_THAT(pauses.may_ask(kBoxed, after + kTryLimit, kTryLimit), is_ok());
}

}  // namespace
}  // namespace signet::secrets
