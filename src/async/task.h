#pragma once
// async: the only spelling of waiting. Everything above the waterline that may take time returns a
// Task.

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/awaitable.hpp>
#include <functional>
#include <memory>
#include <vector>

#include "base/result.h"

namespace signet {

/// A value that may take time. A coroutine takes its parameters by value, or by reference to
/// something that outlives the server.
template <class T, class E = Error>
using Task = boost::asio::awaitable<Result<T, E>>;

namespace async {

using Executor = boost::asio::any_io_executor;

template <class T>
class Completions;

/// A value that another thread will bring: one waiter, who waits once, and one bringer. `complete`
/// may be called from any thread, before or after `wait`; the waiter resumes on its own executor.
/// The bringer has to call it, whatever happens: nobody else ends or frees one who waits. All the
/// memory that waiting takes is taken when the OneShot and the task of wait() are made, so that no
/// waiter is lost for want of it later.
template <class T>
class OneShot {
 public:
  OneShot();
  Task<T> wait();  ///< the OneShot may be gone or moved while it waits
  void complete(Result<T> result);

 private:
  friend class Completions<T>;
  class Waiter;
  struct State;
  struct EndWaiter;
  using WaiterPtr = std::unique_ptr<Waiter, EndWaiter>;
  static Task<T> wait_for(std::shared_ptr<State> state);
  /// Keeps the result for a wait to come, or gives the waiter that it is for.
  WaiterPtr keep_or_waiter(Result<T>& result);
  static void post(WaiterPtr waiter, Result<T> result);
  std::shared_ptr<State> state_;
};

/// Completes many at once: waiters of one executor are woken by one message to it, not one each.
template <class T>
class Completions {
 public:
  Completions();
  ~Completions();  ///< sends what was not sent
  Completions(const Completions&) = delete;
  void add(OneShot<T>& shot, Result<T> result);
  void send();

 private:
  struct Pending;
  bool has_room();
  std::vector<Pending> pending_;
};

/// The executor of the coroutine that asks.
boost::asio::awaitable<Executor> current_executor();

/// Starts a task and does not wait for it; `done` gets its result on the executor. A task that
/// throws ends as kInternal "unexpected_exception".
template <class T>
void start(const Executor& executor, Task<T> task, std::function<void(Result<T>)> done = {});

/// Runs a task to its end on this thread: for tests, the CLI and start-up.
template <class T>
Result<T> run_now(Task<T> task);

/// What `work` comes to, where nobody catches what it throws: an exception would end the thread,
/// and with it the process. It ends as a task that throws does.
template <class Work>
auto caught(Work&& work) -> decltype(work());

}  // namespace async
}  // namespace signet

#include "async/task_impl.h"  // the templates' bodies
