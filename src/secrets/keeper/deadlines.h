#pragma once

#include <atomic>
#include <chrono>
#include <condition_variable>
#include <functional>
#include <map>
#include <mutex>
#include <string>
#include <thread>

#include "async/task.h"
#include "base/clock.h"

namespace signet::secrets {

/// Ends the wait for what takes too long. One thread, started at the first use.
class Deadlines {
 public:
  Deadlines() = default;
  ~Deadlines();
  Deadlines(const Deadlines&) = delete;
  Deadlines& operator=(const Deadlines&) = delete;

  /// The task's result, or kTimeout "store_timeout" naming the store. A task that is late runs on
  /// and its result is dropped, so it must own what it uses.
  template <class T>
  Task<T> within(Milliseconds limit, std::string store, Task<T> task) {
    struct Race {
      std::atomic_flag is_decided;
      async::OneShot<T> result;
    };
    auto race = std::make_shared<Race>();
    auto finish = [race](Result<T> result) {
      if (!race->is_decided.test_and_set()) race->result.complete(std::move(result));
    };
    const async::Executor executor = co_await async::current_executor();
    async::start<T>(executor, std::move(task), finish);
    const Ticket ticket = at(limit, [finish, store = std::move(store)] {
      finish(Error{Code::kTimeout, "store_timeout", "store " + store + " did not answer in time"});
    });
    Result<T> result = co_await race->result.wait();
    cancel(ticket);
    co_return result;
  }

 private:
  using Ticket = std::pair<std::chrono::steady_clock::time_point, std::uint64_t>;
  /// Wakes nobody where the thread looks at what is pending before that: most questions are
  /// answered long before their time is over, and none of them costs a change of threads.
  Ticket at(Milliseconds delay, std::function<void()> fire);
  void cancel(const Ticket& ticket);
  void run();

  std::mutex mutex_;
  std::condition_variable changed_;
  std::map<Ticket, std::function<void()>> pending_;
  /// When the thread looks at the latest, whatever is added.
  std::chrono::steady_clock::time_point looks_at_ = std::chrono::steady_clock::time_point::max();
  std::uint64_t next_ = 0;
  bool stopping_ = false;
  std::thread thread_;
};

}  // namespace signet::secrets
