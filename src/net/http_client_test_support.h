#pragma once
// For tests only: a peer that answers what a script says, byte for byte.

#include <atomic>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/connect.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/read_until.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/asio/write.hpp>
#include <condition_variable>
#include <functional>
#include <thread>

#include "net/http_client.h"
#include "support/matchers.h"

namespace signet::net::test {

using signet::test::fails;
using signet::test::fails_with_code;
using signet::test::is_ok;

struct SeenRequest {
  std::string head, body;
  std::size_t connection = 0;  ///< counted from 1
  std::string line() const { return head.substr(0, head.find("\r\n")); }
  bool has(std::string_view text) const { return head.find(text) != std::string::npos; }
};

struct Reply {
  std::string bytes;
  bool closes = false;          ///< the connection, after the bytes
  std::uint16_t tunnel_to = 0;  ///< after the bytes: carry everything to this port and back

  static Reply ok(const std::string& body, const std::string& headers = "") {
    return {"HTTP/1.1 200 OK\r\n" + headers + "Content-Length: " + std::to_string(body.size()) +
            "\r\n\r\n" + body};
  }
  static Reply silence() { return {}; }
};

/// Calls the script for each request, on a thread of its own.
class Peer {
 public:
  using Script = std::function<Reply(const SeenRequest&)>;

  explicit Peer(Script script)
      : script_(std::move(script)),
        acceptor_(io_, {boost::asio::ip::make_address("127.0.0.1"), 0}),
        port_(acceptor_.local_endpoint().port()) {
    boost::asio::co_spawn(io_, accept(), boost::asio::detached);
    thread_ = std::thread([this] { io_.run(); });
  }
  ~Peer() {
    io_.stop();
    thread_.join();
  }
  Peer(const Peer&) = delete;

  std::uint16_t port() const { return port_; }
  std::string url(const std::string& path = "/", const std::string& host = "127.0.0.1") const {
    return "http://" + host + ":" + std::to_string(port_) + path;
  }
  std::size_t connections() const { return connections_; }
  std::vector<SeenRequest> seen() {
    std::lock_guard hold(mutex_);
    return seen_;
  }
  /// Waits until so many requests have arrived.
  void wait_for(std::size_t requests) {
    std::unique_lock hold(mutex_);
    arrived_.wait(hold, [&] { return seen_.size() >= requests; });
  }

 private:
  using Socket = boost::asio::ip::tcp::socket;
  using SocketPtr = std::shared_ptr<Socket>;

  boost::asio::awaitable<void> accept() {
    for (;;) {
      Socket accepted = co_await acceptor_.async_accept(boost::asio::use_awaitable);
      auto socket = std::make_shared<Socket>(std::move(accepted));
      boost::asio::co_spawn(io_, serve(socket, ++connections_), boost::asio::detached);
    }
  }

  boost::asio::awaitable<void> serve(SocketPtr socket, std::size_t connection) {
    std::string in;
    for (;;) {
      const std::size_t end = co_await boost::asio::async_read_until(
          *socket, boost::asio::dynamic_buffer(in), "\r\n\r\n", boost::asio::use_awaitable);
      SeenRequest request;
      request.connection = connection;
      request.head = in.substr(0, end);
      in.erase(0, end);
      const std::size_t field = request.head.find("Content-Length: ");
      const std::size_t size =
          field == std::string::npos ? 0 : std::stoul(request.head.substr(field + 16));
      while (in.size() < size) {
        char bytes[16384];
        const std::size_t got = co_await socket->async_read_some(boost::asio::buffer(bytes),
                                                                 boost::asio::use_awaitable);
        in.append(bytes, got);
      }
      request.body = in.substr(0, size);
      in.erase(0, size);
      const Reply reply = script_(request);
      {
        std::lock_guard hold(mutex_);
        seen_.push_back(std::move(request));
      }
      arrived_.notify_all();
      co_await boost::asio::async_write(*socket, boost::asio::buffer(reply.bytes),
                                        boost::asio::use_awaitable);
      if (reply.closes) co_return;
      if (reply.tunnel_to == 0) continue;
      auto other = std::make_shared<Socket>(io_);
      const boost::asio::ip::tcp::endpoint target(boost::asio::ip::make_address("127.0.0.1"),
                                                  reply.tunnel_to);
      co_await other->async_connect(target, boost::asio::use_awaitable);
      boost::asio::co_spawn(io_, carry(socket, other), boost::asio::detached);
      co_await carry(other, socket);
      co_return;
    }
  }

  static boost::asio::awaitable<void> carry(SocketPtr from, SocketPtr to) {
    char bytes[16384];
    for (;;) {
      const std::size_t got =
          co_await from->async_read_some(boost::asio::buffer(bytes), boost::asio::use_awaitable);
      co_await boost::asio::async_write(*to, boost::asio::buffer(bytes, got),
                                        boost::asio::use_awaitable);
    }
  }

  const Script script_;
  std::mutex mutex_;
  std::condition_variable arrived_;
  std::vector<SeenRequest> seen_;
  std::atomic<std::size_t> connections_{0};
  boost::asio::io_context io_;
  boost::asio::ip::tcp::acceptor acceptor_;
  const std::uint16_t port_;
  std::thread thread_;
};

/// A port of loopback where nobody listens.
inline std::uint16_t dead_port() {
  boost::asio::io_context io;
  return boost::asio::ip::tcp::acceptor(io, {boost::asio::ip::make_address("127.0.0.1"), 0})
      .local_endpoint()
      .port();
}

inline std::shared_ptr<HttpClient> client(HttpClientSettings settings = {}) {
  auto made = make_http_client(std::move(settings));
  EXPECT_THAT(made, is_ok());
  return made.ok() ? std::move(made).value() : nullptr;
}

inline OutboundRequest request_to(std::string url, std::string method = "GET",
                                  std::string body = "") {
  OutboundRequest request;
  request.url = std::move(url);
  request.method = std::move(method);
  request.body = std::move(body);
  request.timeout = Milliseconds(20'000);  // a hung test ends as a failed one
  return request;
}

inline Result<OutboundResponse> send(const std::shared_ptr<HttpClient>& client,
                                     OutboundRequest request) {
  return async::run_now(client->send(std::move(request)));
}

}  // namespace signet::net::test
