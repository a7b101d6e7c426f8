#include "loadgen_connection.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <strings.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cerrno>
#include <cstdlib>
#include <cstring>

namespace bench {
namespace {

/// The value of a header in `head`, or empty; names are compared without case.
std::string_view header(std::string_view head, std::string_view name) {
  std::size_t at = head.find("\r\n");
  while (at != std::string_view::npos && at + 2 < head.size()) {
    const std::size_t start = at + 2;
    at = head.find("\r\n", start);
    const std::string_view line = head.substr(start, at - start);
    if (line.size() > name.size() && line[name.size()] == ':' &&
        strncasecmp(line.data(), name.data(), name.size()) == 0) {
      std::string_view value = line.substr(name.size() + 1);
      while (!value.empty() && value.front() == ' ')
        value.remove_prefix(1);
      return value;
    }
  }
  return {};
}

}  // namespace

Connection::Connection(int port, int epoll)
    : port_(port), epoll_(epoll), buffer_(256 * 1024, '\0') {}

Connection::~Connection() {
  close();
}

bool Connection::open() {
  close();
  fd_ = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  address.sin_port = htons(static_cast<std::uint16_t>(port_));
  if (fd_ < 0 || connect(fd_, reinterpret_cast<sockaddr*>(&address), sizeof(address)) != 0) {
    close();
    return false;
  }
  const int on = 1;
  setsockopt(fd_, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
  epoll_event event{};
  event.events = EPOLLIN;
  event.data.ptr = this;
  epoll_ctl(epoll_, EPOLL_CTL_ADD, fd_, &event);
  return true;
}

void Connection::close() {
  if (fd_ >= 0) ::close(fd_);
  fd_ = -1;
  used_ = 0;
  is_busy = false;
  unsent_ = {};
}

bool Connection::send(std::string_view request) {
  used_ = 0;
  unsent_ = request;
  is_busy = true;
  return flush();
}

bool Connection::flush() {
  while (!unsent_.empty()) {
    const ssize_t n = ::send(fd_, unsent_.data(), unsent_.size(), MSG_NOSIGNAL | MSG_DONTWAIT);
    if (n < 0) {
      if (errno == EINTR) continue;
      return errno == EAGAIN;
    }
    unsent_.remove_prefix(static_cast<std::size_t>(n));
  }
  return true;
}

Connection::Read Connection::read(Answer* answer) {
  if (!unsent_.empty() && !flush()) return Read::kGone;
  if (used_ == buffer_.size()) buffer_.resize(buffer_.size() * 2);
  const ssize_t n = ::recv(fd_, buffer_.data() + used_, buffer_.size() - used_, MSG_DONTWAIT);
  if (n == 0) return Read::kGone;
  if (n < 0) return errno == EAGAIN || errno == EINTR ? Read::kNothing : Read::kGone;
  used_ += static_cast<std::size_t>(n);
  return complete(answer) ? Read::kAnswer : Read::kNothing;
}

bool Connection::complete(Answer* answer) {
  const std::string_view all(buffer_.data(), used_);
  const std::size_t end = all.find("\r\n\r\n");
  if (end == std::string_view::npos || end < 12) return false;
  const std::string_view head = all.substr(0, end + 2);
  answer->status = std::atoi(head.data() + 9);
  const std::string_view connection = header(head, "connection");
  answer->closes = connection.size() >= 5 && strncasecmp(connection.data(), "close", 5) == 0;
  const std::size_t body = end + 4;
  std::size_t whole = body;
  const std::string_view length = header(head, "content-length");
  if (!length.empty()) {
    whole = body + std::strtoul(length.data(), nullptr, 10);
  } else if (!header(head, "transfer-encoding").empty()) {
    const std::size_t last = all.find("0\r\n\r\n", body);
    if (last == std::string_view::npos) return false;
    whole = last + 5;
  }
  if (used_ < whole) return false;
  answer->body = all.substr(body, whole - body);
  is_busy = false;
  return true;
}

}  // namespace bench
