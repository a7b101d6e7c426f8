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
  bool has(std::string_view text) const;
};

class RawClient {
 public:
  /// `receive_buffer`: a small one makes a reader that is slow by nature.
  explicit RawClient(std::uint16_t port, int receive_buffer = 0);
  RawClient(const RawClient&) = delete;
  ~RawClient();

  bool connected() const { return connected_; }
  bool send(std::string_view bytes);
  void finish_sending();

  /// The next response; `to_head`: the request was a HEAD.
  RawResponse receive(bool to_head = false);
  RawResponse ask(std::string_view request);
  /// Everything up to the end of the connection.
  std::string receive_all();
  /// True once the server has ended the connection (with nothing more sent).
  bool is_closed_by_server();

 private:
  bool read_some();

  int fd_ = -1;
  bool connected_ = false, timed_out_ = false;
  std::string in_;
};

/// A started server with one listener on a free port.
class TestServer {
 public:
  explicit TestServer(Handler handler, const std::function<void(ListenOptions&)>& tweak = {},
                      std::size_t loops = 1);
  std::uint16_t port() const { return port_; }
  Server& server() { return server_; }
  ServerStats stats() const;

 private:
  Server server_;
  std::uint16_t port_ = 0;
};

/// Answers with the method's place, path, query and body, so that a test sees what was read.
void echo(Exchange& exchange);

}  // namespace signet::net
