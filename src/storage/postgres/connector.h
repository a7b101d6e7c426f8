#pragma once
// Opens connections on a thread of its own, so that a server that is away, or slow to resolve,
// holds up nobody who has a connection.

#include <condition_variable>
#include <deque>
#include <functional>
#include <mutex>
#include <thread>

#include "storage/postgres/session.h"

namespace signet::storage::postgres {

class Connector {
 public:
  /// `opened` is called on the connector's thread.
  using Opened = std::function<void(std::size_t lane, std::unique_ptr<Session>)>;
  Connector(Address address, Opened opened);
  ~Connector();
  Connector(const Connector&) = delete;

  /// A connection for this lane is wanted; tried with back-off until there is one. Lane 0 listens.
  void want(std::size_t lane);

 private:
  void work();
  bool is_stopping();
  Result<std::unique_ptr<Session>> open(std::size_t lane, std::size_t turn) const;
  /// Half of it is chance, so that the instances of a cluster do not come back as one.
  Milliseconds pause(std::size_t failures) const;

  Address address_;
  Opened opened_;
  int stop_fd_;
  std::mutex mutex_;
  std::condition_variable wake_;
  std::deque<std::size_t> wanted_;
  bool stopping_ = false;
  std::thread thread_;
};

}  // namespace signet::storage::postgres
