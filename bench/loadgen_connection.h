#pragma once
// One keep-alive HTTP/1.1 connection of the load generator: sends raw requests, finds the end of
// each answer. Not a strict parser: it measures a server, it does not judge it.

#include <cstdint>
#include <string>
#include <string_view>

namespace bench {

struct Answer {
  int status = 0;
  std::string_view body;  ///< valid until the next call; chunked bodies still carry their framing
  bool closes = false;    ///< the server ends the connection after this answer
};

class Connection {
 public:
  Connection(int port, int epoll);
  ~Connection();
  Connection(const Connection&) = delete;
  Connection& operator=(const Connection&) = delete;

  bool open();  ///< connects (again); false if refused
  void close();
  int fd() const { return fd_; }
  bool is_open() const { return fd_ >= 0; }

  /// False if the connection is gone. The request must stay alive until it is answered.
  bool send(std::string_view request);
  bool flush();  ///< continues a send that the socket cut short

  enum class Read { kNothing, kAnswer, kGone };
  Read read(Answer* answer);

  std::uint64_t intended_ns = 0;  ///< when the request in flight should have been sent
  bool is_busy = false;

 private:
  bool complete(Answer* answer);

  int port_, epoll_;
  int fd_ = -1;
  std::string_view unsent_;
  std::string buffer_;
  std::size_t used_ = 0;
};

}  // namespace bench
