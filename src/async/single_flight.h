#pragma once

#include <functional>
#include <mutex>
#include <new>
#include <utility>
#include <vector>

#include "async/task.h"

namespace signet::async {

/// Gives each the same result; "out_of_memory" (kUnavailable) to those for whom no copy can be
/// made.
template <class T>
void complete_all(std::vector<OneShot<T>>& waiting, const Result<T>& result) {
  for (OneShot<T>& turn : waiting) {
    try {
      turn.complete(result);
    } catch (const std::bad_alloc&) {
      turn.complete(Error{Code::kUnavailable, "out_of_memory", {}});
    }
  }
}

/// One call for many callers: the first one starts the work, those who come while it is under way
/// get its result. Must outlive its calls. Shared by all threads.
template <class T>
class SingleFlight {
 public:
  Task<T> run(std::function<Task<T>()> work) {
    OneShot<T> turn;
    if (joins(turn)) co_return co_await turn.wait();
    Flight flight(*this);
    flight.result = co_await work();
    co_return flight.result;
  }

 private:
  /// Lands whatever happens, so that nobody waits for a call that ended by an exception.
  struct Flight {
    explicit Flight(SingleFlight& of) : owner(of) {}
    Flight(const Flight&) = delete;
    ~Flight() { owner.land(result); }
    SingleFlight& owner;
    Result<T> result = Error{Code::kUnavailable, "call_abandoned", {}};
  };

  bool joins(const OneShot<T>& turn) {
    std::lock_guard hold(mutex_);
    if (!std::exchange(is_flying_, true)) return false;
    waiting_.push_back(turn);
    return true;
  }
  void land(const Result<T>& result) {
    std::vector<OneShot<T>> waiting;
    {
      std::lock_guard hold(mutex_);
      is_flying_ = false;
      waiting.swap(waiting_);
    }
    complete_all(waiting, result);
  }

  std::mutex mutex_;
  bool is_flying_ = false;
  std::vector<OneShot<T>> waiting_;
};

}  // namespace signet::async
