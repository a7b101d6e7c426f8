#include "net/loop.h"

#include <algorithm>
#include <cstdio>
#include <cstring>
#include <ctime>

#include "base/base64.h"
#include "base/log.h"
#include "base/worker.h"
#include "net/gate.h"

namespace signet::net {

// The hint switches off the locks of sockets and timers (one thread uses them), not those of the
// queue that other threads post to.
Loop::Loop() : io_(BOOST_ASIO_CONCURRENCY_HINT_UNSAFE_IO), work_(io_.get_executor()), sweep_(io_) {}

Loop::~Loop() {
  for (auto& gate : gates_)
    gate->release();
  // Pending operations live in their connections (HandlerMemory), so they have to end before the
  // connections do, not with the io_context.
  settle();
}

void Loop::start() {
  thread_ = std::thread([this] {
    // A slot before the first request: threads of pools that come later go without if need be.
    static_cast<void>(worker_index());
    for (auto& gate : gates_)
      gate->start();
    schedule_sweep();
    for (;;) {
      try {
        io_.run();
        return;
      } catch (const std::exception& e) {
        log::error("loop_exception", {{"what", std::string_view(e.what())}});
      }
    }
  });
}

void Loop::halt() {
  io_.stop();
}

void Loop::join() {
  if (!thread_.joinable()) return;
  thread_.join();
}

void Loop::settle() {
  io_.restart();
  io_.poll();
}

void Loop::add(std::unique_ptr<Gate> gate) {
  sweep_ms_ = std::min(sweep_ms_, gate->sweep_interval_ms());
  gates_.push_back(std::move(gate));
}

void Loop::begin_stop(std::function<void()> drained) {
  drained_ = std::move(drained);
  for (auto& gate : gates_)
    gate->begin_stop();
  check_drained();
}

void Loop::close_all() {
  for (auto& gate : gates_)
    gate->close_all();
}

void Loop::check_drained() {
  if (!drained_) return;
  for (const auto& gate : gates_) {
    if (gate->open() > 0 || gate->is_accepting()) return;
  }
  std::exchange(drained_, nullptr)();
}

void Loop::schedule_sweep() {
  sweep_.expires_after(std::chrono::milliseconds(sweep_ms_));
  sweep_.async_wait([this](const boost::system::error_code& ec) {
    if (ec) return;
    const std::int64_t now = now_ms();
    for (auto& gate : gates_)
      gate->sweep(now);
    schedule_sweep();
  });
}

std::int64_t Loop::now_ms() {
  timespec now{};
  ::clock_gettime(CLOCK_MONOTONIC_COARSE, &now);
  return std::int64_t{now.tv_sec} * 1000 + now.tv_nsec / 1'000'000;
}

std::string_view Loop::date_line() {
  static constexpr const char* kDays[] = {"Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"};
  static constexpr const char* kMonths[] = {"Jan", "Feb", "Mar", "Apr", "May", "Jun",
                                            "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};
  timespec now{};
  ::clock_gettime(CLOCK_REALTIME_COARSE, &now);
  if (now.tv_sec != date_second_) {
    date_second_ = now.tv_sec;
    std::tm utc{};
    ::gmtime_r(&now.tv_sec, &utc);
    // strftime would follow the process's locale (RFC 9110 §5.6.7 is English).
    std::snprintf(date_, sizeof date_, "Date: %s, %02d %s %04d %02d:%02d:%02d GMT\r\n",
                  kDays[utc.tm_wday % 7], utc.tm_mday % 100, kMonths[utc.tm_mon % 12],
                  (utc.tm_year + 1900) % 10000, utc.tm_hour % 100, utc.tm_min % 100,
                  utc.tm_sec % 100);
  }
  return {date_, std::strlen(date_)};
}

void Loop::make_request_id(char* out) {
  std::uint8_t bytes[12];
  random_.fill(bytes);
  base64::url_write(out, bytes);
}

}  // namespace signet::net
