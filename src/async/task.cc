#include "async/task.h"

#include "base/log.h"

namespace signet::async {

boost::asio::awaitable<Executor> current_executor() {
  co_return co_await boost::asio::this_coro::executor;
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
