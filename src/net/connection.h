#pragma once
// One connection: reads requests, has them answered one at a time and in order, writes the answers.
// The protocol is here; how bytes move (plain or TLS) is the derived class's.

#include <boost/smart_ptr/intrusive_ptr.hpp>
#include <memory>
#include <optional>
#include <string>

#include "http/chunked.h"
#include "http/grammar.h"
#include "net/gate.h"
#include "net/head_parser.h"
#include "net/http_server.h"
#include "net/read_buffer.h"

namespace signet::net {

class Connection : public Exchange, public Hook {
 public:
  Connection(Gate& gate, std::string peer);

  const http::Request& request() const override { return request_; }
  http::Response& response() override { return response_; }
  void wait_for(Task<Done> task) override { task_.emplace(std::move(task)); }

  /// Begins with a handshake or the first read.
  virtual void begin() = 0;
  /// Closes the socket now.
  void abort();
  /// The deadline of the phase has passed.
  void expire();
  /// The server is stopping and this connection waits for a request.
  void on_stop(std::int64_t now);
  void on_task_done(Result<Done> result, bool threw);
  /// The task will never end: the loop is going.
  void forget_task() {
    unlink();
    task_hold_.reset();
  }

  // For Gate's lists.
  Phase phase() const { return phase_; }
  std::int64_t deadline() const { return deadline_; }
  std::int64_t placed_deadline() const { return placed_deadline_; }
  void set_deadline(std::int64_t deadline) { deadline_ = deadline; }
  void set_phase(Phase phase, std::int64_t deadline) {
    phase_ = phase;
    deadline_ = placed_deadline_ = deadline;
  }
  void replace() { placed_deadline_ = deadline_; }

  friend void intrusive_ptr_add_ref(Connection* c) { ++c->references_; }
  friend void intrusive_ptr_release(Connection* c) {
    if (--c->references_ == 0) delete c;
  }

 protected:
  ~Connection() override = default;

  /// Reads some bytes; on_read() follows.
  virtual void start_read(char* data, std::size_t size) = 0;
  /// Sends both texts. True: all is out. False: on_written() follows.
  virtual bool start_write(std::string_view head, std::string_view body) = 0;
  /// Tells the peer that nothing more comes.
  virtual void start_shutdown() = 0;
  virtual void close_socket() = 0;

  void on_read(const boost::system::error_code& ec, std::size_t size);
  void on_written(const boost::system::error_code& ec);
  void begin_reading() { read_more(); }
  bool is_closed() const { return phase_ == Phase::kClosed; }

  Gate& gate_;
  http::Request request_;

 private:
  enum class Next { kMore, kRequest, kRefuse };

  void run();
  bool step();
  Next take_request(int& status);
  Next take_head(int& status);
  void read_more();
  bool send_continue();
  bool refuse(int status);
  bool answer();
  void handler_threw(std::string_view what);
  void start_task();
  bool send_response();
  bool finish_response();
  void begin_drain();
  void log_access() const;

  ReadBuffer in_;
  http::HeadScanner scanner_;
  HeadFacts facts_;
  std::optional<http::ChunkedDecoder> chunked_;
  http::Response response_;
  std::string head_;  // of the response
  std::optional<Task<Done>> task_;
  boost::intrusive_ptr<Connection> task_hold_;  // while a task runs
  std::string peer_;
  char request_id_[16];
  std::int64_t started_us_ = 0;  // only if the access log is on
  std::int64_t deadline_ = 0, placed_deadline_ = 0;
  std::size_t head_size_ = 0;  // of the request whose head has been read, or 0
  std::size_t drained_ = 0;
  std::uint32_t references_ = 0;
  Phase phase_ = Phase::kHead;
  bool keep_ = true;        // the connection goes on after this response
  bool running_ = false;    // inside run()
  bool answering_ = false;  // a response is due or on its way
  bool reading_ = false;    // a read is pending
  bool task_ended_ = false;
  bool is_fresh_ = true;  // nothing has been read of the next request
  bool skipped_line_ = false;
  bool writing_continue_ = false;
};

using ConnectionRef = boost::intrusive_ptr<Connection>;

/// Makes a connection over an accepted socket (TLS if there is a context) and begins it.
void start_connection(Gate& gate, Socket socket, std::string peer, const TlsContext& tls);

}  // namespace signet::net
