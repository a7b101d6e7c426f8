#include "net/gate.h"

#include <linux/filter.h>
#include <sys/socket.h>

#include <algorithm>
#include <limits>

#include "base/log.h"
#include "net/connection.h"
#include "net/loop.h"

namespace signet::net {
namespace {

constexpr std::int64_t kForever = std::numeric_limits<std::int64_t>::max() / 2;
// How long a peer may go on sending after the last answer (RFC 9112 §9.6).
constexpr std::int64_t kDrainMs = 2000;
// A client that was busy a moment ago is about to ask again: while stopping it gets one more
// answer, with `Connection: close`, instead of a connection that breaks under its request.
constexpr std::int64_t kGraceMs = 500;

// While stopping, how long handshakes that had begun may still end in a connection.
constexpr std::int64_t kLastAcceptMs = 100;

// Closing a listening socket resets whoever has just connected to it. So the kernel is told first
// to drop new SYNs: their senders try again a second later and find the port closed, or another
// server.
void drop_new_handshakes(int listener) {
  sock_filter code[] = {
      {BPF_LD | BPF_B | BPF_ABS, 0, 0, 13},     // the flags of the TCP header
      {BPF_ALU | BPF_AND | BPF_K, 0, 0, 0x12},  // SYN and ACK
      {BPF_JMP | BPF_JEQ | BPF_K, 0, 1, 0x02},  // SYN alone?
      {BPF_RET | BPF_K, 0, 0, 0},               // drop
      {BPF_RET | BPF_K, 0, 0, 0xFFFFFFFF},      // keep
  };
  const sock_fprog program{5, code};
  // Where the system refuses, a stop is merely a little less gentle.
  (void)::setsockopt(listener, SOL_SOCKET, SO_ATTACH_FILTER, &program, sizeof program);
}

bool is_out_of_resources(const boost::system::error_code& ec) {
  return ec == boost::asio::error::no_descriptors || ec == boost::asio::error::no_buffer_space ||
         ec == boost::asio::error::no_memory ||
         ec == boost::system::errc::too_many_files_open_in_system;
}

}  // namespace

struct Gate::Lists {
  std::array<List, kPhases> of;
};

Gate::Gate(Loop& loop, std::shared_ptr<const Site> site, Acceptor acceptor, TlsContext tls,
           std::size_t max_open)
    : loop_(loop),
      site_(std::move(site)),
      acceptor_(std::move(acceptor)),
      tls_(std::move(tls)),
      max_open_(max_open),
      lists_(std::make_unique<Lists>()) {
  const ServerLimits& limits = site_->options.limits;
  timeouts_.fill(kForever);
  const auto set = [&](Phase phase, std::int64_t ms) {
    timeouts_[static_cast<std::size_t>(phase)] = ms;
  };
  set(Phase::kIdle, limits.idle_timeout.count());
  set(Phase::kHead, limits.head_timeout.count());
  set(Phase::kBody, limits.body_timeout.count());
  set(Phase::kWrite, limits.write_timeout.count());
  set(Phase::kDrain, std::min<std::int64_t>(kDrainMs, limits.write_timeout.count()));
  set(Phase::kGrace, std::min<std::int64_t>(kGraceMs, limits.idle_timeout.count()));
}

Gate::~Gate() = default;

std::int64_t Gate::sweep_interval_ms() const {
  const std::int64_t least = *std::min_element(timeouts_.begin(), timeouts_.end());
  return std::clamp<std::int64_t>(least / 4, 5, 250);
}

void Gate::accept() {
  if (!is_accepting()) return;
  acceptor_->async_accept([this](const boost::system::error_code& ec, Socket socket) {
    if (ec == boost::asio::error::operation_aborted) return;
    if (is_out_of_resources(ec)) {
      // What is open keeps being served; the sweep tries again.
      is_paused_ = true;
      if (!std::exchange(is_starved_, true)) {
        log::warn("accept_paused", {{"listener", site_->options.name}, {"error", ec.message()}});
      }
      return;
    }
    if (!ec) {
      is_starved_ = false;
      admit(std::move(socket));
    }
    accept();
  });
}

void Gate::admit(Socket socket) {
  if (open() >= max_open_) {
    GateCounters::bump(counters_.refused);
    boost::system::error_code ignored;
    socket.close(ignored);
    return;
  }
  boost::system::error_code ec;
  const auto peer = socket.remote_endpoint(ec);
  if (ec) return;  // gone already
  socket.set_option(boost::asio::ip::tcp::no_delay(true), ec);
  socket.non_blocking(true, ec);
  GateCounters::bump(counters_.open);
  GateCounters::bump(counters_.total);
  start_connection(*this, std::move(socket), peer.address().to_string(), tls_);
}

void Gate::begin_stop() {
  is_stopping_ = true;
  const std::int64_t now = Loop::now_ms();
  if (acceptor_ && acceptor_->is_open()) drop_new_handshakes(acceptor_->native_handle());
  accept_until_ = now + kLastAcceptMs;
  auto& drain = timeouts_[static_cast<std::size_t>(Phase::kDrain)];
  drain = std::min(drain, kGraceMs);
  for (const Phase phase : {Phase::kIdle, Phase::kHead}) {
    auto& list = lists_->of[static_cast<std::size_t>(phase)];
    for (auto it = list.begin(); it != list.end();) {
      Connection& connection = *it++;
      connection.on_stop(now);
    }
  }
}

void Gate::stop_accepting() {
  boost::system::error_code ec;
  acceptor_->non_blocking(true, ec);
  while (!ec) {
    Socket socket = acceptor_->accept(ec);
    if (!ec) admit(std::move(socket));
  }
  acceptor_->close(ec);
  loop_.check_drained();
}

void Gate::close_all() {
  for (auto& list : lists_->of) {
    if (&list == &lists_->of[static_cast<std::size_t>(Phase::kClosed)]) continue;
    while (!list.empty()) {
      const ConnectionRef hold(&list.front());
      hold->abort();
    }
  }
}

void Gate::release() {
  acceptor_.reset();
  close_all();
  auto& waiting = lists_->of[static_cast<std::size_t>(Phase::kClosed)];
  while (!waiting.empty())
    waiting.front().forget_task();
}

void Gate::sweep(std::int64_t now) {
  if (is_paused_) {
    is_paused_ = false;
    accept();
  }
  if (is_stopping_ && is_accepting() && now >= accept_until_) stop_accepting();
  for (std::size_t phase = 0; phase < kPhases; ++phase) {
    auto& list = lists_->of[phase];
    while (!list.empty() && list.front().placed_deadline() <= now) {
      const ConnectionRef connection(&list.front());
      if (connection->deadline() > now) {
        // It was busy since it was placed; it moves back without having paid for that each time.
        connection->unlink();
        connection->replace();
        list.push_back(*connection);
      } else {
        connection->expire();
      }
    }
  }
}

void Gate::place(Connection& connection, Phase phase) {
  const auto index = static_cast<std::size_t>(phase);
  const std::int64_t deadline = Loop::now_ms() + timeouts_[index];
  if (connection.is_linked() && connection.phase() == phase) {
    connection.set_deadline(deadline);
    return;
  }
  if (connection.is_linked()) connection.unlink();
  connection.set_phase(phase, deadline);
  lists_->of[index].push_back(connection);
}

void Gate::closed() {
  counters_.open.store(open() - 1, std::memory_order_relaxed);
  loop_.check_drained();
}

void Gate::add_to(ServerStats& stats) const {
  const auto read = [](const std::atomic<std::uint64_t>& n) {
    return n.load(std::memory_order_relaxed);
  };
  stats.connections_open += read(counters_.open);
  stats.connections_total += read(counters_.total);
  stats.connections_refused += read(counters_.refused);
  stats.requests_total += read(counters_.requests);
  stats.bad_requests_total += read(counters_.bad);
  stats.timeouts_total += read(counters_.timeouts);
  stats.handshake_failures_total += read(counters_.handshake_failures);
}

}  // namespace signet::net
