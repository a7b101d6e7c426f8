#include "async/task.h"

#include <boost/asio/co_spawn.hpp>
#include <exception>
#include <mutex>
#include <new>
#include <utility>
#include <vector>

#include "base/log.h"

namespace signet::async {
namespace {

// Never destroyed: see LoopLease.
std::mutex& idle_mutex() {
  static std::mutex* const mutex = new std::mutex;
  return *mutex;
}
std::vector<boost::asio::io_context*>& idle_loops() {
  static auto* const loops = new std::vector<boost::asio::io_context*>;
  return *loops;
}

}  // namespace

boost::asio::awaitable<Executor> current_executor() {
  co_return co_await boost::asio::this_coro::executor;
}

void spawn(const Executor& executor, boost::asio::awaitable<void> work) {
  boost::asio::co_spawn(executor, std::move(work), [](std::exception_ptr exception) {
    if (exception) std::rethrow_exception(exception);
  });
}

LoopLease::LoopLease() {
  std::lock_guard hold(idle_mutex());
  auto& idle = idle_loops();
  if (idle.empty()) {
    loop_ = new boost::asio::io_context(1);
  } else {
    loop_ = idle.back();
    idle.pop_back();
    loop_->restart();
  }
}

LoopLease::~LoopLease() {
  // One that an exception ended still has work, which nobody wants any more.
  if (!loop_->stopped()) return;
  std::lock_guard hold(idle_mutex());
  try {
    idle_loops().push_back(loop_);
  } catch (const std::bad_alloc&) {
    // One loop less to use again.
  }
}

Error unexpected(std::exception_ptr exception) noexcept {
  Error error{Code::kInternal, "unexpected_exception", {}};
  try {
    std::rethrow_exception(exception);
  } catch (const std::bad_alloc&) {
    error.code = Code::kUnavailable;
    error.reason = "out_of_memory";
  } catch (const std::exception& e) {
    try {
      error.detail = e.what();
    } catch (const std::bad_alloc&) {
      // Told without its words.
    }
  } catch (...) {
    error.detail = "unknown";
  }
  log::failure("unexpected_exception", error);
  return error;
}

}  // namespace signet::async
