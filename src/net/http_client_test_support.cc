#include "net/http_client_test_support.h"

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/connect.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/read_until.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/asio/write.hpp>

namespace signet::net::test {

std::string SeenRequest::line() const {
  return head.substr(0, head.find("\r\n"));
}

bool SeenRequest::has(std::string_view text) const {
  return head.find(text) != std::string::npos;
}

Reply Reply::ok(const std::string& body, const std::string& headers) {
  return {"HTTP/1.1 200 OK\r\n" + headers + "Content-Length: " + std::to_string(body.size()) +
          "\r\n\r\n" + body};
}

Reply Reply::silence() {
  return {};
}

Peer::Peer(Script script)
    : script_(std::move(script)),
      acceptor_(io_, {boost::asio::ip::make_address("127.0.0.1"), 0}),
      port_(acceptor_.local_endpoint().port()) {
  boost::asio::co_spawn(io_, accept(), boost::asio::detached);
  thread_ = std::thread([this] { io_.run(); });
}

Peer::~Peer() {
  io_.stop();
  thread_.join();
}

std::string Peer::url(const std::string& path, const std::string& host) const {
  return "http://" + host + ":" + std::to_string(port_) + path;
}

std::vector<SeenRequest> Peer::seen() {
  std::lock_guard hold(mutex_);
  return seen_;
}

void Peer::wait_for(std::size_t requests) {
  std::unique_lock hold(mutex_);
  arrived_.wait(hold, [&] { return seen_.size() >= requests; });
}

boost::asio::awaitable<void> Peer::accept() {
  for (;;) {
    Socket accepted = co_await acceptor_.async_accept(boost::asio::use_awaitable);
    auto socket = std::make_shared<Socket>(std::move(accepted));
    boost::asio::co_spawn(io_, serve(socket, ++connections_), boost::asio::detached);
  }
}

boost::asio::awaitable<void> Peer::serve(SocketPtr socket, std::size_t connection) {
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
      const std::size_t got =
          co_await socket->async_read_some(boost::asio::buffer(bytes), boost::asio::use_awaitable);
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

boost::asio::awaitable<void> Peer::carry(SocketPtr from, SocketPtr to) {
  char bytes[16384];
  for (;;) {
    const std::size_t got =
        co_await from->async_read_some(boost::asio::buffer(bytes), boost::asio::use_awaitable);
    co_await boost::asio::async_write(*to, boost::asio::buffer(bytes, got),
                                      boost::asio::use_awaitable);
  }
}

std::uint16_t dead_port() {
  boost::asio::io_context io;
  return boost::asio::ip::tcp::acceptor(io, {boost::asio::ip::make_address("127.0.0.1"), 0})
      .local_endpoint()
      .port();
}

std::shared_ptr<HttpClient> client(HttpClientSettings settings) {
  auto made = make_http_client(std::move(settings));
  EXPECT_THAT(made, is_ok());
  return made.ok() ? std::move(made).value() : nullptr;
}

OutboundRequest request_to(std::string url, std::string method, std::string body) {
  OutboundRequest request;
  request.url = std::move(url);
  request.method = std::move(method);
  request.body = std::move(body);
  request.timeout = Milliseconds(20'000);  // a hung test ends as a failed one
  return request;
}

Result<OutboundResponse> send(const std::shared_ptr<HttpClient>& client, OutboundRequest request) {
  return async::run_now(client->send(std::move(request)));
}

}  // namespace signet::net::test
