#include "net/socket_watch.h"

#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include <array>
#include <cerrno>

namespace signet::net {

SocketWatch::~SocketWatch() {
  if (epoll_ >= 0) ::close(epoll_);
  if (bell_ >= 0) ::close(bell_);
}

bool SocketWatch::open() {
  epoll_ = ::epoll_create1(EPOLL_CLOEXEC);
  bell_ = ::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
  if (epoll_ < 0 || bell_ < 0) return false;
  epoll_event event{};
  event.events = EPOLLIN;
  event.data.fd = bell_;
  return ::epoll_ctl(epoll_, EPOLL_CTL_ADD, bell_, &event) == 0;
}

void SocketWatch::follow(int socket, bool for_reading, bool for_writing) {
  epoll_event event{};
  if (for_reading) event.events |= EPOLLIN;
  if (for_writing) event.events |= EPOLLOUT;
  event.data.fd = socket;
  if (event.events == 0) {
    ::epoll_ctl(epoll_, EPOLL_CTL_DEL, socket, &event);  // it may be closed already
    return;
  }
  // A socket that was closed took its entry with it; a new one may have its number.
  if (::epoll_ctl(epoll_, EPOLL_CTL_MOD, socket, &event) != 0 && errno == ENOENT)
    ::epoll_ctl(epoll_, EPOLL_CTL_ADD, socket, &event);
}

const std::vector<SocketWatch::Ready>& SocketWatch::wait(Milliseconds longest) {
  std::array<epoll_event, 64> events;
  ready_.clear();
  const int count = ::epoll_wait(epoll_, events.data(), static_cast<int>(events.size()),
                                 static_cast<int>(longest.count()));
  for (int i = 0; i < count; ++i) {
    const epoll_event& event = events[static_cast<std::size_t>(i)];
    if (event.data.fd == bell_) {
      std::uint64_t rings = 0;
      static_cast<void>(!::read(bell_, &rings, sizeof rings));
      continue;
    }
    ready_.push_back({event.data.fd, (event.events & EPOLLIN) != 0, (event.events & EPOLLOUT) != 0,
                      (event.events & (EPOLLERR | EPOLLHUP)) != 0});
  }
  return ready_;
}

void SocketWatch::ring() {
  const std::uint64_t one = 1;
  static_cast<void>(!::write(bell_, &one, sizeof one));
}

}  // namespace signet::net
