#pragma once

#include <boost/asio/executor_work_guard.hpp>
#include <mutex>
#include <optional>
#include <thread>

#include "async/task.h"

namespace signet::async {

/// A thread for tasks that nobody waits for, all in turn on it: while one waits others go on. It
/// begins with the first task. Any thread may start tasks.
class TaskThread {
 public:
  TaskThread() = default;
  ~TaskThread() { stop(); }
  TaskThread(const TaskThread&) = delete;
  TaskThread& operator=(const TaskThread&) = delete;

  /// A task that comes after stop() is dropped before it begins.
  void start(Task<Done> task);
  /// Waits until every task has ended. Not from a task of its own.
  void stop();

 private:
  using Guard = boost::asio::executor_work_guard<boost::asio::io_context::executor_type>;
  std::mutex mutex_;
  bool is_stopped_ = false;
  std::optional<LoopLease> lease_;
  std::optional<Guard> guard_;
  std::thread thread_;
};

}  // namespace signet::async
