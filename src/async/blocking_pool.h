#pragma once

#include <cstddef>
#include <functional>
#include <memory>
#include <string>

#include "async/task.h"

namespace signet::async {

/// Threads for calls that block: files, SQLite, PKCS#11, slow password hashes. One pool per kind,
/// so that one slow kind cannot starve another. The queue is bounded: when it is full, work is
/// refused at once with kUnavailable "pool_full".
class BlockingPool {
 public:
  BlockingPool(std::string name, std::size_t threads, std::size_t max_queue);
  ~BlockingPool();  ///< finishes what is queued
  BlockingPool(const BlockingPool&) = delete;

  /// Runs `work` on a thread of the pool; the waiter resumes on its own executor.
  template <class T>
  Task<T> run(std::function<Result<T>()> work) {
    OneShot<T> done;
    if (!submit([done, work = std::move(work)]() mutable {
          Result<T> result;
          try {
            result = work();
          } catch (...) {
            result = Result<T>(unexpected(std::current_exception()));
          }
          done.complete(std::move(result));
        })) {
      co_return Error{Code::kUnavailable, "pool_full", "too much work is waiting in pool " + name_};
    }
    co_return co_await done.wait();
  }

  std::size_t queued() const;

 private:
  bool submit(std::function<void()> work);
  struct State;
  std::string name_;
  std::unique_ptr<State> state_;
};

}  // namespace signet::async
