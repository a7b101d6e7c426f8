#include "async/task_thread.h"

#include <atomic>

#include "support/matchers.h"

namespace signet::async {
namespace {

Task<Done> note(std::shared_ptr<std::atomic<int>> seen) {
  ++*seen;
  co_return Done{};
}
Task<Done> note_after(OneShot<Done> signal, std::shared_ptr<std::atomic<int>> seen) {
  CO_TRY(co_await signal.wait());
  ++*seen;
  co_return Done{};
}
Task<Done> tell(OneShot<std::thread::id> told) {
  told.complete(std::this_thread::get_id());
  co_return Done{};
}
Task<Done> throws_at_once() {
  throw std::runtime_error("bug");
  co_return Done{};
}

TEST(TaskThread, runs_tasks_on_a_thread_of_its_own) {
  TaskThread thread;
  OneShot<std::thread::id> told;
  thread.start(tell(told));
  const auto id = run_now(told.wait());
  ASSERT_THAT(id, test::is_ok());
  EXPECT_NE(*id, std::this_thread::get_id());
}

TEST(TaskThread, a_task_that_waits_holds_nobody_up_and_is_waited_for_at_the_end) {
  const auto seen = std::make_shared<std::atomic<int>>(0);
  OneShot<Done> signal;
  OneShot<std::thread::id> told;
  TaskThread thread;
  thread.start(note_after(signal, seen));
  thread.start(tell(told));
  EXPECT_THAT(run_now(told.wait()), test::is_ok());
  EXPECT_EQ(*seen, 0);
  signal.complete(Done{});
  thread.stop();
  EXPECT_EQ(*seen, 1);
}

TEST(TaskThread, a_task_that_throws_ends_alone) {
  const auto seen = std::make_shared<std::atomic<int>>(0);
  TaskThread thread;
  thread.start(throws_at_once());
  thread.start(note(seen));
  thread.stop();
  EXPECT_EQ(*seen, 1);
}

TEST(TaskThread, begins_nothing_after_the_end) {
  const auto seen = std::make_shared<std::atomic<int>>(0);
  TaskThread unused;
  unused.stop();
  unused.start(note(seen));
  TaskThread used;
  used.start(note(seen));
  used.stop();
  used.start(note(seen));
  used.stop();
  EXPECT_EQ(*seen, 1);
}

}  // namespace
}  // namespace signet::async
