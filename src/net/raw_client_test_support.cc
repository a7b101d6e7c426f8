#include "net/raw_client.h"

namespace signet::net {

bool RawResponse::has(std::string_view text) const {
  return head.find(text) != std::string::npos;
}

RawClient::RawClient(std::uint16_t port, int receive_buffer) {
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

RawClient::~RawClient() {
  ::close(fd_);
}

bool RawClient::send(std::string_view bytes) {
  while (!bytes.empty()) {
    const ssize_t n = ::send(fd_, bytes.data(), bytes.size(), MSG_NOSIGNAL);
    if (n <= 0) return false;
    bytes.remove_prefix(static_cast<std::size_t>(n));
  }
  return true;
}

void RawClient::finish_sending() {
  ::shutdown(fd_, SHUT_WR);
}

RawResponse RawClient::receive(bool to_head) {
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

RawResponse RawClient::ask(std::string_view request) {
  send(request);
  return receive();
}

std::string RawClient::receive_all() {
  while (read_some()) {
  }
  return std::exchange(in_, {});
}

bool RawClient::is_closed_by_server() {
  timed_out_ = false;
  return receive_all().empty() && !timed_out_;
}

bool RawClient::read_some() {
  char bytes[16384];
  const ssize_t n = ::recv(fd_, bytes, sizeof bytes, 0);
  if (n < 0 && (errno == EAGAIN || errno == EWOULDBLOCK)) timed_out_ = true;
  if (n <= 0) return false;
  in_.append(bytes, static_cast<std::size_t>(n));
  return true;
}

TestServer::TestServer(Handler handler, const std::function<void(ListenOptions&)>& tweak,
                       std::size_t loops)
    : server_(loops) {
  ListenOptions options;
  options.handler = std::move(handler);
  options.name = "test";
  if (tweak) tweak(options);
  auto bound = server_.listen(std::move(options));
  if (bound) port_ = *bound;
  server_.start();
}

ServerStats TestServer::stats() const {
  return server_.stats(0);
}

void echo(Exchange& exchange) {
  const http::Request& request = exchange.request();
  exchange.response().content_type("text/plain");
  std::string& body = exchange.response().body;
  body.append(request.path).append("|").append(request.query).append("|").append(request.body);
}

}  // namespace signet::net
