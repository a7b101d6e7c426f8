#include "async/time_limit.h"

namespace signet::async {

TimeLimit::TimeLimit(std::function<void()> over)
    : over_(std::move(over)), thread_([this] { run(); }) {}

TimeLimit::~TimeLimit() {
  {
    std::lock_guard hold(mutex_);
    is_in_time_ = true;
  }
  wake_.notify_all();
  thread_.join();
}

void TimeLimit::begin(Milliseconds limit) {
  {
    std::lock_guard hold(mutex_);
    if (!end_) end_ = std::chrono::steady_clock::now() + limit;
  }
  wake_.notify_all();
}

void TimeLimit::run() {
  {
    std::unique_lock lock(mutex_);
    wake_.wait(lock, [this] { return end_ || is_in_time_; });
    if (end_) wake_.wait_until(lock, *end_, [this] { return is_in_time_; });
    if (is_in_time_) return;
  }
  over_();
}

}  // namespace signet::async
