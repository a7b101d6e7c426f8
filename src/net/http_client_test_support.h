#pragma once
// For tests only: a peer that answers what a script says, byte for byte.

#include <atomic>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
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
  std::string line() const;
  bool has(std::string_view text) const;
};

struct Reply {
  std::string bytes;
  bool closes = false;          ///< the connection, after the bytes
  std::uint16_t tunnel_to = 0;  ///< after the bytes: carry everything to this port and back

  static Reply ok(const std::string& body, const std::string& headers = "");
  static Reply silence();
};

/// Calls the script for each request, on a thread of its own.
class Peer {
 public:
  using Script = std::function<Reply(const SeenRequest&)>;

  explicit Peer(Script script);
  ~Peer();
  Peer(const Peer&) = delete;

  std::uint16_t port() const { return port_; }
  std::string url(const std::string& path = "/", const std::string& host = "127.0.0.1") const;
  std::size_t connections() const { return connections_; }
  std::vector<SeenRequest> seen();
  /// Waits until so many requests have arrived.
  void wait_for(std::size_t requests);

 private:
  using Socket = boost::asio::ip::tcp::socket;
  using SocketPtr = std::shared_ptr<Socket>;

  boost::asio::awaitable<void> accept();

  boost::asio::awaitable<void> serve(SocketPtr socket, std::size_t connection);

  static boost::asio::awaitable<void> carry(SocketPtr from, SocketPtr to);

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
std::uint16_t dead_port();

std::shared_ptr<HttpClient> client(HttpClientSettings settings = {});

OutboundRequest request_to(std::string url, std::string method = "GET", std::string body = "");

Result<OutboundResponse> send(const std::shared_ptr<HttpClient>& client, OutboundRequest request);

}  // namespace signet::net::test
