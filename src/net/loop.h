#pragma once
// One event loop: one thread, everything of its connections, nothing shared with the others.

#include <boost/asio/basic_waitable_timer.hpp>
#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/io_context.hpp>
#include <chrono>
#include <functional>
#include <memory>
#include <string_view>
#include <thread>
#include <vector>

#include "base/random.h"

namespace signet::net {

class Gate;

class Loop : public std::enable_shared_from_this<Loop> {
 public:
  Loop();
  ~Loop();
  Loop(const Loop&) = delete;

  boost::asio::io_context& io() { return io_; }
  void start();
  /// Ends run() as soon as what is being handled returns; from any thread.
  void halt();
  void join();
  /// After join: lets coroutines whose answer has come meanwhile run to their end, so that nothing
  /// of them is kept alive by a queue that nobody reads any more.
  void settle();

  /// Adds a gate before start, or on the loop's thread after.
  void add(std::unique_ptr<Gate> gate);
  Gate& gate(std::size_t index) { return *gates_[index]; }

  /// On the loop's thread: no gate accepts any more; `drained` is called once all are empty.
  void begin_stop(std::function<void()> drained);
  void close_all();
  /// Told by a gate whenever it has become empty.
  void check_drained();

  /// Milliseconds on a coarse monotonic clock (some 4 ms): for timeouts.
  static std::int64_t now_ms();
  /// "Date: Sun, 06 Nov 1994 08:49:37 GMT\r\n", made anew once a second.
  std::string_view date_line();
  /// Writes 16 unguessable characters (base64url).
  void make_request_id(char* out);

 private:
  void schedule_sweep();

  // The gates outlive the io_context, whose end destroys the last pending operations of their
  // connections.
  std::vector<std::unique_ptr<Gate>> gates_;
  boost::asio::io_context io_;
  using IoExecutor = boost::asio::io_context::executor_type;
  boost::asio::executor_work_guard<IoExecutor> work_;
  using Steady = std::chrono::steady_clock;
  boost::asio::basic_waitable_timer<Steady, boost::asio::wait_traits<Steady>, IoExecutor> sweep_;
  std::thread thread_;
  std::function<void()> drained_;
  SystemRandom random_;
  std::int64_t sweep_ms_ = 250;
  std::int64_t date_second_ = -1;
  char date_[40] = {};
};

}  // namespace signet::net
