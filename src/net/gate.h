#pragma once
// One listener on one loop: its acceptor, its connections in the order of their deadlines,
// counters.

#include <array>
#include <atomic>
#include <boost/asio/basic_socket_acceptor.hpp>
#include <boost/asio/basic_stream_socket.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/ssl/context.hpp>
#include <boost/intrusive/list.hpp>
#include <memory>
#include <optional>

#include "net/site.h"

namespace signet::net {

class Loop;
class Connection;

using IoExecutor = boost::asio::io_context::executor_type;
using Socket = boost::asio::basic_stream_socket<boost::asio::ip::tcp, IoExecutor>;
using Acceptor = boost::asio::basic_socket_acceptor<boost::asio::ip::tcp, IoExecutor>;
using TlsContext = std::shared_ptr<boost::asio::ssl::context>;

/// What a connection is waiting for; every one with a deadline has a list of its own, so that each
/// list is in the order of deadlines and 2,000 slow connections cost a sweep nothing.
enum class Phase : std::uint8_t {
  kIdle,  ///< the first byte of the next request
  kHead,  ///< the first request, or the rest of a head
  kBody,
  kWrite,
  kDrain,   ///< the answer is out; the peer may still be sending
  kGrace,   ///< idle while the server is stopping
  kBusy,    ///< the handler; no deadline
  kClosed,  ///< the socket is closed but a task still runs
};
inline constexpr std::size_t kPhases = 8;

/// Written by its loop only, read by anybody.
struct alignas(64) GateCounters {
  std::atomic<std::uint64_t> open{0}, total{0}, refused{0}, requests{0}, bad{0}, timeouts{0},
      handshake_failures{0};
  static void bump(std::atomic<std::uint64_t>& n, std::uint64_t by = 1) {
    n.store(n.load(std::memory_order_relaxed) + by, std::memory_order_relaxed);
  }
};

using Hook =
    boost::intrusive::list_base_hook<boost::intrusive::link_mode<boost::intrusive::auto_unlink>>;

class Gate {
 public:
  Gate(Loop& loop, std::shared_ptr<const Site> site, Acceptor acceptor, TlsContext tls,
       std::size_t max_open);
  ~Gate();

  void start() { accept(); }
  void begin_stop();
  void close_all();
  /// Lets go of everything that needs the loop; before the loop's io_context goes.
  void release();
  void sweep(std::int64_t now);
  void set_tls(TlsContext tls) { tls_ = std::move(tls); }

  /// Puts the connection into that phase's list with a fresh deadline.
  void place(Connection& connection, Phase phase);
  void closed();

  Loop& loop() { return loop_; }
  const Site& site() const { return *site_; }
  GateCounters& counters() { return counters_; }
  bool is_stopping() const { return is_stopping_; }
  bool is_accepting() const { return acceptor_ && acceptor_->is_open(); }
  std::uint64_t open() const { return counters_.open.load(std::memory_order_relaxed); }
  std::int64_t sweep_interval_ms() const;
  /// Adds this gate's counters to `stats`; from any thread.
  void add_to(ServerStats& stats) const;

 private:
  void accept();
  void admit(Socket socket);
  void stop_accepting();

  Loop& loop_;
  std::shared_ptr<const Site> site_;
  std::optional<Acceptor> acceptor_;
  TlsContext tls_;
  std::size_t max_open_;
  bool is_stopping_ = false;
  std::int64_t accept_until_ = 0;  // while stopping
  bool is_paused_ = false;         // out of file descriptors; the next sweep tries again
  bool is_starved_ = false;        // and that has been logged
  using List = boost::intrusive::list<Connection, boost::intrusive::base_hook<Hook>,
                                      boost::intrusive::constant_time_size<false>>;
  struct Lists;
  std::unique_ptr<Lists> lists_;
  std::array<std::int64_t, kPhases> timeouts_;
  GateCounters counters_;
};

}  // namespace signet::net
