#include <gtest/gtest.h>

#include <thread>

#include "async/blocking_pool.h"
#include "support/matchers.h"

namespace signet::async {
namespace {

using test::fails;

Task<int> twice(int n) {
  co_return n * 2;
}
Task<int> fails_below(int n) {
  CO_TRY(const int m, co_await twice(n));
  if (m < 10) co_return Error{Code::kInvalid, "too_small", ""};
  co_return m;
}
Task<int> throws() {
  throw std::runtime_error("bug");
  co_return 1;
}

TEST(Task, hands_on_values_and_failures) {
  EXPECT_EQ(*run_now(fails_below(6)), 12);
  EXPECT_THAT(run_now(fails_below(2)), fails("too_small"));
}

TEST(Task, an_escaped_exception_is_our_bug_not_a_crash) {
  EXPECT_THAT(run_now(throws()), fails("unexpected_exception"));
}

TEST(OneShot, brings_a_value_from_another_thread_before_or_after_the_wait) {
  OneShot<int> early;
  early.complete(7);
  EXPECT_EQ(*run_now(early.wait()), 7);
  OneShot<int> late;
  std::thread bringer([late]() mutable { late.complete(8); });
  EXPECT_EQ(*run_now(late.wait()), 8);
  bringer.join();
}

TEST(OneShot, wakes_its_waiter_once_however_often_it_is_completed) {
  OneShot<int> shot;
  boost::asio::io_context loop;
  std::vector<int> seen;
  start<int>(loop.get_executor(), shot.wait(),
             [&seen](Result<int> result) { seen.push_back(*result); });
  loop.poll();
  shot.complete(1);
  shot.complete(2);
  loop.run();
  EXPECT_EQ(seen, (std::vector<int>{1}));
}

TEST(OneShot, frees_what_nobody_waited_for_and_waits_that_never_began) {
  const auto value = std::make_shared<int>(7);
  {
    OneShot<std::shared_ptr<int>> unheard, unasked;
    unheard.complete(value);
    const auto never_begun = unasked.wait();
    EXPECT_EQ(value.use_count(), 2);
  }
  EXPECT_EQ(value.use_count(), 1);
}

TEST(Caught, is_what_was_done_or_what_was_thrown) {
  EXPECT_EQ(*caught([]() -> Result<int> { return 5; }), 5);
  const auto out_of_memory = caught([]() -> Status { throw std::bad_alloc(); });
  EXPECT_THAT(out_of_memory, fails("out_of_memory"));
  EXPECT_EQ(out_of_memory.error().code, Code::kUnavailable);
  EXPECT_THAT(caught([]() -> Status { throw std::runtime_error("bug"); }),
              fails("unexpected_exception"));
}

TEST(Completions, wake_waiters_of_several_executors_each_on_its_own) {
  std::vector<OneShot<int>> shots(6);
  boost::asio::io_context left, right;
  std::vector<int> on_left, on_right;
  for (std::size_t i = 0; i < shots.size(); ++i) {
    auto& seen = i % 2 == 0 ? on_left : on_right;
    start<int>((i % 2 == 0 ? left : right).get_executor(), shots[i].wait(),
               [&seen](Result<int> result) { seen.push_back(*result); });
  }
  left.poll();
  right.poll();
  {
    Completions<int> completions;
    for (std::size_t i = 0; i < shots.size(); ++i)
      completions.add(shots[i], static_cast<int>(i));
  }
  EXPECT_TRUE(on_left.empty()) << "resumed by a thread that is not its own";
  left.restart();
  left.poll();
  EXPECT_EQ(on_left, (std::vector<int>{0, 2, 4}));
  EXPECT_TRUE(on_right.empty());
  right.restart();
  right.poll();
  EXPECT_EQ(on_right, (std::vector<int>{1, 3, 5}));
}

TEST(Completions, come_before_the_wait_too) {
  OneShot<int> early;
  Completions<int> completions;
  completions.add(early, 9);
  completions.send();
  EXPECT_EQ(*run_now(early.wait()), 9);
}

TEST(BlockingPool, runs_work_and_refuses_what_its_queue_cannot_hold) {
  BlockingPool pool("test", 1, 1);
  EXPECT_EQ(*run_now(pool.run<int>([]() -> Result<int> { return 5; })), 5);

  OneShot<Done> gate;
  const auto blocked = [gate]() mutable -> Result<Done> { return run_now(gate.wait()); };
  boost::asio::io_context loop;
  int finished = 0;
  const auto count = [&](Result<Done> result) { finished += result.ok() ? 1 : 100; };
  start<Done>(loop.get_executor(), pool.run<Done>(blocked), count);
  loop.poll();
  while (pool.queued() > 0)
    std::this_thread::yield();  // the thread has taken the first
  start<Done>(loop.get_executor(), pool.run<Done>([]() -> Result<Done> { return Done{}; }), count);
  loop.poll();
  EXPECT_THAT(run_now(pool.run<Done>([]() -> Result<Done> { return Done{}; })), fails("pool_full"));
  gate.complete(Done{});
  loop.run();
  EXPECT_EQ(finished, 2);
}

}  // namespace
}  // namespace signet::async
