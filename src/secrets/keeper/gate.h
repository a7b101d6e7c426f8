#pragma once

#include <deque>
#include <memory>
#include <mutex>
#include <utility>

#include "async/task.h"

namespace signet::secrets {

/// Lets one task through at a time, in the order of arrival, without blocking a thread.
class Gate {
 public:
  /// Open until it is destroyed.
  class Pass {
   public:
    explicit Pass(Gate* gate) : gate_(gate) {}
    Pass(Pass&& other) noexcept : gate_(std::exchange(other.gate_, nullptr)) {}
    Pass& operator=(Pass&&) = delete;
    ~Pass() {
      if (gate_ != nullptr) gate_->leave();
    }

   private:
    Gate* gate_;
  };

  /// Never fails. The gate must outlive the pass.
  Task<Pass> enter() {
    async::OneShot<Done> turn;
    Task<Done> come = turn.wait();  // now: who stands in the line has to be there when called
    bool must_wait = false;
    {
      std::lock_guard hold(mutex_);
      must_wait = std::exchange(taken_, true);
      if (must_wait) waiting_.push_back(turn);
    }
    if (must_wait) {
      const Result<Done> ready = co_await std::move(come);
      if (!ready.ok()) co_return ready.error();
    }
    co_return Pass(this);
  }

 private:
  void leave() {
    std::unique_lock hold(mutex_);
    if (waiting_.empty()) {
      taken_ = false;
      return;
    }
    async::OneShot<Done> next = waiting_.front();
    waiting_.pop_front();
    hold.unlock();
    next.complete(Done{});
  }

  std::mutex mutex_;
  bool taken_ = false;
  std::deque<async::OneShot<Done>> waiting_;
};

}  // namespace signet::secrets
