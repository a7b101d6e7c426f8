#include "async/pause.h"

#include <boost/asio/redirect_error.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>

namespace signet::async {

Task<Done> pause(Milliseconds length) {
  const Executor executor = co_await current_executor();
  boost::asio::steady_timer timer(executor, length);
  boost::system::error_code ignored;  // cancelled: the loop is ending
  co_await timer.async_wait(boost::asio::redirect_error(boost::asio::use_awaitable, ignored));
  co_return Done{};
}

}  // namespace signet::async
