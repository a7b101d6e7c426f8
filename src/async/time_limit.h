#pragma once

#include <chrono>
#include <condition_variable>
#include <functional>
#include <mutex>
#include <optional>
#include <thread>

#include "base/clock.h"

namespace signet::async {

/// What is to happen where something takes too long. Its thread is there from the first, so that
/// nothing can be lacking when it is needed.
class TimeLimit {
 public:
  /// `over` is called on that thread, once at most.
  explicit TimeLimit(std::function<void()> over);
  /// In time: `over` is not called any more. Waits for a call that is under way.
  ~TimeLimit();
  TimeLimit(const TimeLimit&) = delete;
  TimeLimit& operator=(const TimeLimit&) = delete;

  /// From now on the time counts. The first call is the one that holds.
  void begin(Milliseconds limit);

 private:
  void run();

  const std::function<void()> over_;
  std::mutex mutex_;
  std::condition_variable wake_;
  std::optional<std::chrono::steady_clock::time_point> end_;
  bool is_in_time_ = false;
  std::thread thread_;
};

}  // namespace signet::async
