#include "async/task.h"

#include <mutex>
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
  std::lock_guard hold(idle_mutex());
  idle_loops().push_back(loop_);
}

Error unexpected(std::exception_ptr exception) {
  std::string what = "unknown";
  try {
    std::rethrow_exception(exception);
  } catch (const std::exception& e) {
    what = e.what();
  } catch (...) {
  }
  log::error("unexpected_exception", {{"what", what}});
  return {Code::kInternal, "unexpected_exception", what};
}

}  // namespace signet::async
