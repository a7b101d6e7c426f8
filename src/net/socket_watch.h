#pragma once

#include <vector>

#include "base/clock.h"
#include "base/result.h"

namespace signet::net {

/// Which of many sockets are ready, at a cost that does not grow with those that are not (epoll),
/// and a bell for other threads. One thread waits.
class SocketWatch {
 public:
  struct Ready {
    int socket;
    bool readable, writable, failed;
  };
  SocketWatch() = default;
  ~SocketWatch();
  SocketWatch(const SocketWatch&) = delete;
  SocketWatch& operator=(const SocketWatch&) = delete;

  /// False where the system has no more descriptors.
  bool open();
  /// From now on; replaces what was said of this socket before. Neither: it is forgotten.
  void follow(int socket, bool for_reading, bool for_writing);
  /// Until something is ready, the bell rings, or the time is over. Valid until the next call.
  const std::vector<Ready>& wait(Milliseconds longest);
  /// Ends the wait that is under way, or the next one. Any thread.
  void ring();

 private:
  int epoll_ = -1, bell_ = -1;
  std::vector<Ready> ready_;
};

}  // namespace signet::net
