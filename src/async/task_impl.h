#pragma once
// Bodies of the templates in task.h.

#include <algorithm>
#include <boost/asio/async_result.hpp>
#include <boost/asio/dispatch.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <cstddef>
#include <exception>
#include <iterator>
#include <mutex>
#include <new>
#include <optional>
#include <utility>

#include "async/task.h"

namespace signet::async {

/// What an escaped exception becomes: a bug, told to the operator. Want of memory, kUnavailable
/// "out_of_memory", is none.
Error unexpected(std::exception_ptr exception) noexcept;

/// A loop of its own for the length of a call. Loops are kept for the next call and never
/// destroyed: the thread that woke this one up may still be on its way out of the loop when run()
/// returns.
class LoopLease {
 public:
  LoopLease();
  ~LoopLease();
  LoopLease(const LoopLease&) = delete;
  boost::asio::io_context& loop() const { return *loop_; }

 private:
  boost::asio::io_context* loop_;
};

/// A coroutine that sleeps.
template <class T>
class OneShot<T>::Waiter {
 public:
  virtual ~Waiter() = default;
  virtual Executor executor() const = 0;
  /// Only on its executor.
  virtual void resume(Result<T> result) = 0;
};

template <class T>
struct OneShot<T>::State {
  template <class Handler>
  class WaiterOf : public Waiter {
   public:
    explicit WaiterOf(Handler handler) : handler_(std::move(handler)) {}
    Executor executor() const override { return boost::asio::get_associated_executor(handler_); }
    void resume(Result<T> result) override { std::move(handler_)(std::move(result)); }

   private:
    Handler handler_;
  };

  /// Where the waiter lives: a coroutine that has gone to sleep cannot be told that there was no
  /// memory for it.
  template <class Handler>
  Waiter* place(Handler handler) {
    static_assert(sizeof(WaiterOf<Handler>) <= sizeof room);
    return ::new (static_cast<void*>(room)) WaiterOf<Handler>(std::move(handler));
  }

  std::mutex mutex;
  std::optional<Result<T>> result;
  Waiter* waiter = nullptr;  ///< in `room`; whoever takes it ends it
  alignas(std::max_align_t) std::byte room[64];
};

/// Ends a waiter in the state that it lives in.
template <class T>
struct OneShot<T>::EndWaiter {
  std::shared_ptr<State> state;
  void operator()(Waiter* waiter) const { waiter->~Waiter(); }
};

template <class T>
OneShot<T>::OneShot() : state_(std::make_shared<State>()) {}

template <class T>
typename OneShot<T>::WaiterPtr OneShot<T>::keep_or_waiter(Result<T>& result) {
  std::lock_guard hold(state_->mutex);
  if (!state_->waiter) state_->result.emplace(std::move(result));
  return WaiterPtr(std::exchange(state_->waiter, nullptr), EndWaiter{state_});
}

template <class T>
void OneShot<T>::post(WaiterPtr waiter, Result<T> result) {
  const Executor executor = waiter->executor();
  boost::asio::post(executor, [waiter = std::move(waiter), result = std::move(result)]() mutable {
    waiter->resume(std::move(result));
  });
}

template <class T>
void OneShot<T>::complete(Result<T> result) {
  if (auto waiter = keep_or_waiter(result)) post(std::move(waiter), std::move(result));
}

template <class T>
Task<T> OneShot<T>::wait() {
  return wait_for(state_);
}

template <class T>
Task<T> OneShot<T>::wait_for(std::shared_ptr<State> kept) {
  // A plain pointer: g++ 12 destroys the captures of a lambda inside co_await twice.
  co_return co_await boost::asio::async_initiate<const boost::asio::use_awaitable_t<>,
                                                 void(Result<T>)>(
      [keep = &kept](auto handler) {
        const std::shared_ptr<State> state = *keep;
        WaiterPtr waiter(state->place(std::move(handler)), EndWaiter{state});
        std::optional<Result<T>> ready;
        {
          std::lock_guard hold(state->mutex);
          if (state->result) {
            ready = std::move(state->result);
          } else {
            state->waiter = waiter.release();
          }
        }
        if (ready) post(std::move(waiter), std::move(*ready));
      },
      boost::asio::use_awaitable);
}

template <class T>
struct Completions<T>::Pending {
  Executor executor;
  typename OneShot<T>::WaiterPtr waiter;
  Result<T> result;
};

template <class T>
Completions<T>::Completions() = default;

template <class T>
Completions<T>::~Completions() {
  send();
}

template <class T>
bool Completions<T>::has_room() {
  if (pending_.size() < pending_.capacity()) return true;
  constexpr std::size_t kFirst = 8;
  try {
    pending_.reserve(std::max(kFirst, pending_.size() * 2));
    return true;
  } catch (const std::bad_alloc&) {
    return false;
  }
}

template <class T>
void Completions<T>::add(OneShot<T>& shot, Result<T> result) {
  auto waiter = shot.keep_or_waiter(result);
  if (!waiter) return;
  // Without memory for many at once they are woken one by one.
  if (!has_room()) return OneShot<T>::post(std::move(waiter), std::move(result));
  Executor executor = waiter->executor();
  pending_.push_back({std::move(executor), std::move(waiter), std::move(result)});
}

template <class T>
void Completions<T>::send() {
  while (!pending_.empty()) {
    const Executor executor = pending_.front().executor;
    const auto others =
        std::stable_partition(pending_.begin(), pending_.end(),
                              [&](const Pending& pending) { return pending.executor == executor; });
    std::vector<Pending> now;
    try {
      now.reserve(static_cast<std::size_t>(others - pending_.begin()));
    } catch (const std::bad_alloc&) {
      for (Pending& pending : pending_)
        OneShot<T>::post(std::move(pending.waiter), std::move(pending.result));
      pending_.clear();
      return;
    }
    now.assign(std::make_move_iterator(pending_.begin()), std::make_move_iterator(others));
    pending_.erase(pending_.begin(), others);
    boost::asio::post(executor, [now = std::move(now)]() mutable {
      for (Pending& pending : now)
        pending.waiter->resume(std::move(pending.result));
    });
  }
}

/// Runs a coroutine on the executor; what it throws leaves the executor's loop. Compiled once: each
/// type of result that co_spawn is given costs the compiler as much as a whole header.
void spawn(const Executor& executor, boost::asio::awaitable<void> work);

template <class T>
boost::asio::awaitable<void> deliver(Task<T> task, std::function<void(Result<T>)> done) {
  std::optional<Result<T>> result;
  try {
    result.emplace(co_await std::move(task));
  } catch (...) {
    result.emplace(unexpected(std::current_exception()));
  }
  if (done) done(std::move(*result));
}

template <class T>
void start(const Executor& executor, Task<T> task, std::function<void(Result<T>)> done) {
  spawn(executor, deliver<T>(std::move(task), std::move(done)));
}

template <class Work>
auto caught(Work&& work) -> decltype(work()) {
  try {
    return work();
  } catch (...) {
    return unexpected(std::current_exception());
  }
}

template <class T>
Result<T> run_now(Task<T> task) {
  const LoopLease lease;
  Result<T> out;
  start<T>(lease.loop().get_executor(), std::move(task),
           [&](Result<T> result) { out = std::move(result); });
  lease.loop().run();
  return out;
}

}  // namespace signet::async
