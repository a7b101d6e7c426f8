#pragma once
// Bodies of the templates in task.h.

#include <boost/asio/async_result.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/dispatch.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <exception>
#include <mutex>

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

template <class T>
struct OneShot<T>::State {
  std::mutex mutex;
  std::optional<Result<T>> result;
  std::function<void(Result<T>)> resume;
};

template <class T>
OneShot<T>::OneShot() : state_(std::make_shared<State>()) {}

template <class T>
void OneShot<T>::complete(Result<T> result) {
  std::function<void(Result<T>)> resume;
  {
    std::lock_guard hold(state_->mutex);
    if (!state_->resume) {
      state_->result.emplace(std::move(result));
      return;
    }
    resume = std::move(state_->resume);
  }
  resume(std::move(result));
}

template <class T>
Task<T> OneShot<T>::wait() {
  const auto keep = state_;  // the state lives while the coroutine sleeps
  // A plain pointer: g++ 12 destroys the captures of a lambda inside co_await twice.
  co_return co_await boost::asio::async_initiate<const boost::asio::use_awaitable_t<>,
                                                 void(Result<T>)>(
      [state = keep.get()](auto handler) {
        // std::function wants a copyable callable; the handler is only movable.
        auto shared = std::make_shared<decltype(handler)>(std::move(handler));
        auto resume = [shared](Result<T> result) {
          auto executor = boost::asio::get_associated_executor(*shared);
          boost::asio::post(executor, [shared, result = std::move(result)]() mutable {
            (*shared)(std::move(result));
          });
        };
        std::optional<Result<T>> ready;
        {
          std::lock_guard hold(state->mutex);
          if (state->result) {
            ready = std::move(state->result);
          } else {
            state->resume = resume;
          }
        }
        if (ready) resume(std::move(*ready));
      },
      boost::asio::use_awaitable);
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
