#include "secrets/keeper/deadlines.h"

#include "support/matchers.h"

namespace signet::secrets {
namespace {

using signet::test::fails;
using signet::test::is_ok;

constexpr Milliseconds kNotInThisLife{3'600'000};

Task<Done> answer_of(async::OneShot<Done> answer) {
  co_return co_await answer.wait();
}

TEST(Deadlines, an_answer_in_time_is_the_answer) {
  Deadlines deadlines;
  async::OneShot<Done> answer;
  answer.complete(Done{});
  EXPECT_THAT(async::run_now(deadlines.within<Done>(kNotInThisLife, "store", answer_of(answer))),
              is_ok());
}

// The thread sleeps until the end of the longest one by then: it has to be woken for a shorter one.
TEST(Deadlines, a_short_limit_ends_in_its_time_whatever_was_or_is_waited_for) {
  Deadlines deadlines;
  async::OneShot<Done> answered, late;
  std::vector<async::OneShot<Done>> silent(3);
  bool is_late_over = false;
  const auto story = [&]() -> Task<Done> {
    const async::Executor executor = co_await async::current_executor();
    std::function<void(Result<Done>)> done = [&](const Result<Done>& result) {
      EXPECT_THAT(result, is_ok());
      is_late_over = true;
    };
    async::start<Done>(executor, deadlines.within<Done>(kNotInThisLife, "late", answer_of(late)),
                       std::move(done));
    answered.complete(Done{});
    auto asked = deadlines.within<Done>(kNotInThisLife, "store", answer_of(answered));
    CO_TRY(co_await std::move(asked));
    for (auto& one : silent) {
      auto hurry = deadlines.within<Done>(Milliseconds(1), "silent", answer_of(one));
      const auto over = co_await std::move(hurry);
      EXPECT_THAT(over, fails("store_timeout"));
      EXPECT_FALSE(is_late_over);
    }
    late.complete(Done{});
    for (auto& one : silent)
      one.complete(Done{});
    co_return Done{};
  };
  EXPECT_THAT(async::run_now(story()), is_ok());
  EXPECT_TRUE(is_late_over);
}

}  // namespace
}  // namespace signet::secrets
