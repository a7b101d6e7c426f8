#include "net/http_server.h"

#include <sys/socket.h>

#include <atomic>
#include <boost/asio/dispatch.hpp>
#include <boost/asio/post.hpp>
#include <condition_variable>
#include <mutex>

#include "base/text.h"
#include "net/gate.h"
#include "net/loop.h"
#include "net/tls_context.h"

namespace signet::net {
namespace {

namespace asio = boost::asio;
using asio::ip::tcp;
using boost::system::error_code;

using ReusePort = asio::detail::socket_option::boolean<SOL_SOCKET, SO_REUSEPORT>;

Acceptor listen_on(Loop& loop, const tcp::endpoint& endpoint, bool shares_port, error_code& ec) {
  Acceptor acceptor(loop.io());
  acceptor.open(endpoint.protocol(), ec);
  if (!ec) acceptor.set_option(tcp::acceptor::reuse_address(true), ec);
  if (!ec && shares_port) acceptor.set_option(ReusePort(true), ec);
  if (!ec) acceptor.bind(endpoint, ec);
  if (!ec) acceptor.listen(4096, ec);
  return acceptor;
}

}  // namespace

struct Server::State {
  std::vector<std::shared_ptr<Loop>> loops;
  std::vector<std::shared_ptr<const Site>> sites;
  bool is_started = false, is_stopped = false;
};

Server::Server(std::size_t loops) : state_(std::make_unique<State>()) {
  for (std::size_t i = 0; i < std::max<std::size_t>(loops, 1); ++i) {
    state_->loops.push_back(std::make_shared<Loop>());
  }
}

Server::~Server() {
  stop(Milliseconds(0));
  for (const auto& loop : state_->loops)
    loop->settle();
}

Result<std::uint16_t> Server::listen(ListenOptions options) {
  const std::string where = options.address + ":" + std::to_string(options.port);
  const auto fail = [&](const std::string& why) {
    return Error{Code::kConfig, "listen_failed", "cannot listen on " + where + ": " + why};
  };
  if (state_->is_started) return fail("the server has been started");
  error_code ec;
  tcp::endpoint endpoint(asio::ip::make_address(options.address, ec), options.port);
  if (ec) return fail("not an IP address");
  TlsContext tls;
  if (options.tls) {
    TRY(tls, make_tls_context(*options.tls));
  }

  const std::size_t count = state_->loops.size();
  const bool shares_port = options.shares_port;
  if (count > 1 && endpoint.port() != 0 && !shares_port) {
    // SO_REUSEPORT would silently share the port with another server of the same user.
    const Acceptor probe = listen_on(*state_->loops[0], endpoint, false, ec);
    if (ec) return fail(ec.message());
  }
  std::vector<Acceptor> acceptors;
  for (const auto& loop : state_->loops) {
    acceptors.push_back(listen_on(*loop, endpoint, count > 1 || shares_port, ec));
    if (ec) return fail(ec.message());
    endpoint.port(acceptors.back().local_endpoint(ec).port());
  }
  const std::size_t share = (options.limits.max_connections + count - 1) / count;
  const auto site = std::make_shared<const Site>(std::move(options));
  for (std::size_t i = 0; i < count; ++i) {
    Loop& loop = *state_->loops[i];
    loop.add(std::make_unique<Gate>(loop, site, std::move(acceptors[i]), tls, share));
  }
  state_->sites.push_back(site);
  return endpoint.port();
}

Status Server::reload_tls() {
  std::vector<std::pair<std::size_t, TlsContext>> fresh;
  for (std::size_t i = 0; i < state_->sites.size(); ++i) {
    const auto& tls = state_->sites[i]->options.tls;
    if (!tls) continue;
    TRY(TlsContext context, make_tls_context(*tls));
    fresh.emplace_back(i, std::move(context));
  }
  for (const auto& loop : state_->loops) {
    asio::post(loop->io(), [loop = loop.get(), fresh] {
      for (const auto& [index, context] : fresh)
        loop->gate(index).set_tls(context);
    });
  }
  return Done{};
}

void Server::start() {
  if (std::exchange(state_->is_started, true)) return;
  for (const auto& loop : state_->loops)
    loop->start();
}

void Server::stop(Milliseconds deadline) {
  if (std::exchange(state_->is_stopped, true) || !std::exchange(state_->is_started, true)) return;
  struct Countdown {
    std::mutex mutex;
    std::condition_variable wake;
    std::size_t left;
  };
  const auto countdown = std::make_shared<Countdown>();
  countdown->left = state_->loops.size();
  for (const auto& loop : state_->loops) {
    asio::post(loop->io(), [loop = loop.get(), countdown] {
      loop->begin_stop([countdown] {
        std::lock_guard hold(countdown->mutex);
        --countdown->left;
        countdown->wake.notify_all();
      });
    });
  }
  {
    std::unique_lock hold(countdown->mutex);
    countdown->wake.wait_for(hold, deadline, [&] { return countdown->left == 0; });
  }
  for (const auto& loop : state_->loops) {
    asio::post(loop->io(), [loop = loop.get()] {
      loop->close_all();
      loop->halt();
    });
  }
  for (const auto& loop : state_->loops)
    loop->join();
}

ServerStats Server::stats(std::size_t listener) const {
  ServerStats stats{};
  for (const auto& loop : state_->loops)
    loop->gate(listener).add_to(stats);
  return stats;
}

}  // namespace signet::net
