#pragma once
// For tests only: a client that sends exactly the bytes it is told to, and a server around a
// handler.

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

#include <cerrno>
#include <functional>
#include <string>
#include <string_view>

#include "net/http_server.h"

namespace signet::net {

struct RawResponse {
  int status = 0;  ///< 0: the connection ended before a whole head
  std::string head, body;
  bool has(std::string_view text) const { return head.find(text) != std::string::npos; }
};

class RawClient {
 public:
  /// `receive_buffer`: a small one makes a reader that is slow by nature.
  explicit RawClient(std::uint16_t port, int receive_buffer = 0) {
    fd_ = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    const timeval guard{20, 0};  // a hung test ends as a failed one
    ::setsockopt(fd_, SOL_SOCKET, SO_RCVTIMEO, &guard, sizeof guard);
    if (receive_buffer > 0) {
      ::setsockopt(fd_, SOL_SOCKET, SO_RCVBUF, &receive_buffer, sizeof receive_buffer);
    }
    sockaddr_in to{};
    to.sin_family = AF_INET;
    to.sin_port = htons(port);
    to.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    connected_ = ::connect(fd_, reinterpret_cast<const sockaddr*>(&to), sizeof to) == 0;
  }
  RawClient(const RawClient&) = delete;
  ~RawClient() { ::close(fd_); }

  bool connected() const { return connected_; }
  bool send(std::string_view bytes) {
    while (!bytes.empty()) {
      const ssize_t n = ::send(fd_, bytes.data(), bytes.size(), MSG_NOSIGNAL);
      if (n <= 0) return false;
      bytes.remove_prefix(static_cast<std::size_t>(n));
    }
    return true;
  }
  void finish_sending() { ::shutdown(fd_, SHUT_WR); }

  /// The next response; `to_head`: the request was a HEAD.
  RawResponse receive(bool to_head = false) {
    RawResponse response;
    std::size_t end;
    while ((end = in_.find("\r\n\r\n")) == std::string::npos) {
      if (!read_some()) return response;
    }
    response.head = in_.substr(0, end + 4);
    in_.erase(0, end + 4);
    response.status = std::stoi(response.head.substr(9, 3));
    const std::size_t field = response.head.find("Content-Length: ");
    const std::size_t size =
        field == std::string::npos || to_head ? 0 : std::stoul(response.head.substr(field + 16));
    while (in_.size() < size) {
      if (!read_some()) return {};
    }
    response.body = in_.substr(0, size);
    in_.erase(0, size);
    return response;
  }
  RawResponse ask(std::string_view request) {
    send(request);
    return receive();
  }
  /// Everything up to the end of the connection.
  std::string receive_all() {
    while (read_some()) {
    }
    return std::exchange(in_, {});
  }
  /// True once the server has ended the connection (with nothing more sent).
  bool is_closed_by_server() {
    timed_out_ = false;
    return receive_all().empty() && !timed_out_;
  }

 private:
  bool read_some() {
    char bytes[16384];
    const ssize_t n = ::recv(fd_, bytes, sizeof bytes, 0);
    if (n < 0 && (errno == EAGAIN || errno == EWOULDBLOCK)) timed_out_ = true;
    if (n <= 0) return false;
    in_.append(bytes, static_cast<std::size_t>(n));
    return true;
  }

  int fd_ = -1;
  bool connected_ = false, timed_out_ = false;
  std::string in_;
};

/// A started server with one listener on a free port.
class TestServer {
 public:
  explicit TestServer(Handler handler, const std::function<void(ListenOptions&)>& tweak = {},
                      std::size_t loops = 1)
      : server_(loops) {
    ListenOptions options;
    options.handler = std::move(handler);
    options.name = "test";
    if (tweak) tweak(options);
    auto bound = server_.listen(std::move(options));
    if (bound) port_ = *bound;
    server_.start();
  }
  std::uint16_t port() const { return port_; }
  Server& server() { return server_; }
  ServerStats stats() const { return server_.stats(0); }

 private:
  Server server_;
  std::uint16_t port_ = 0;
};

/// Answers with the method's place, path, query and body, so that a test sees what was read.
inline void echo(Exchange& exchange) {
  const http::Request& request = exchange.request();
  exchange.response().content_type("text/plain");
  std::string& body = exchange.response().body;
  body.append(request.path).append("|").append(request.query).append("|").append(request.body);
}

}  // namespace signet::net
