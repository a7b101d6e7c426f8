#pragma once
// Bodies of the templates in task.h.

#include <algorithm>
#include <boost/asio/async_result.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/dispatch.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <exception>
#include <iterator>
#include <mutex>
#include <optional>

#include "async/task.h"

namespace signet::async {

/// What an escaped exception becomes: a bug, told to the operator.
Error unexpected(std::exception_ptr exception);

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

  static void post(std::unique_ptr<Waiter> waiter, Result<T> result) {
    const Executor executor = waiter->executor();
    boost::asio::post(executor, [waiter = std::move(waiter), result = std::move(result)]() mutable {
      waiter->resume(std::move(result));
    });
  }
};

template <class T>
struct OneShot<T>::State {
  std::mutex mutex;
  std::optional<Result<T>> result;
  std::unique_ptr<Waiter> waiter;

  template <class Handler>
  class WaiterOf : public Waiter {
   public:
    explicit WaiterOf(Handler handler) : handler_(std::move(handler)) {}
    Executor executor() const override { return boost::asio::get_associated_executor(handler_); }
    void resume(Result<T> result) override { std::move(handler_)(std::move(result)); }

   private:
    Handler handler_;
  };
};

template <class T>
OneShot<T>::OneShot() : state_(std::make_shared<State>()) {}

template <class T>
std::unique_ptr<typename OneShot<T>::Waiter> OneShot<T>::keep_or_waiter(Result<T>& result) {
  std::lock_guard hold(state_->mutex);
  if (!state_->waiter) state_->result.emplace(std::move(result));
  return std::move(state_->waiter);
}

template <class T>
void OneShot<T>::complete(Result<T> result) {
  if (auto waiter = keep_or_waiter(result)) Waiter::post(std::move(waiter), std::move(result));
}

template <class T>
Task<T> OneShot<T>::wait() {
  const auto keep = state_;  // the state lives while the coroutine sleeps
  // A plain pointer: g++ 12 destroys the captures of a lambda inside co_await twice.
  co_return co_await boost::asio::async_initiate<const boost::asio::use_awaitable_t<>,
                                                 void(Result<T>)>(
      [state = keep.get()](auto handler) {
        using WaiterHere = typename State::template WaiterOf<decltype(handler)>;
        std::unique_ptr<Waiter> waiter = std::make_unique<WaiterHere>(std::move(handler));
        std::optional<Result<T>> ready;
        {
          std::lock_guard hold(state->mutex);
          if (state->result) {
            ready = std::move(state->result);
          } else {
            state->waiter = std::move(waiter);
          }
        }
        if (ready) Waiter::post(std::move(waiter), std::move(*ready));
      },
      boost::asio::use_awaitable);
}

template <class T>
struct Completions<T>::Pending {
  Executor executor;
  std::unique_ptr<typename OneShot<T>::Waiter> waiter;
  Result<T> result;
};

template <class T>
Completions<T>::Completions() = default;

template <class T>
Completions<T>::~Completions() {
  send();
}

template <class T>
void Completions<T>::add(OneShot<T>& shot, Result<T> result) {
  auto waiter = shot.keep_or_waiter(result);
  if (!waiter) return;
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
    std::vector<Pending> now(std::make_move_iterator(pending_.begin()),
                             std::make_move_iterator(others));
    pending_.erase(pending_.begin(), others);
    boost::asio::post(executor, [now = std::move(now)]() mutable {
      for (Pending& pending : now)
        pending.waiter->resume(std::move(pending.result));
    });
  }
}

template <class T>
void start(const Executor& executor, Task<T> task, std::function<void(Result<T>)> done) {
  boost::asio::co_spawn(executor, std::move(task),
                        [done = std::move(done)](std::exception_ptr e, Result<T> result) {
                          if (e) result = Result<T>(unexpected(e));
                          if (done) done(std::move(result));
                        });
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
