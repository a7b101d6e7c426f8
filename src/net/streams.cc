// The two ways bytes move: a plain socket, and TLS over one.

#include <array>
#include <boost/asio/buffer.hpp>
#include <boost/asio/ssl/error.hpp>
#include <boost/asio/ssl/stream.hpp>
#include <boost/asio/write.hpp>

#include "net/connection.h"
#include "net/handler_memory.h"

namespace signet::net {
namespace {

namespace asio = boost::asio;
using boost::system::error_code;

class PlainConnection final : public Connection {
 public:
  PlainConnection(Gate& gate, Socket socket, std::string peer)
      : Connection(gate, std::move(peer)), socket_(std::move(socket)) {}

  void begin() override { begin_reading(); }

 private:
  void start_read(char* data, std::size_t size) override {
    auto done = [self = boost::intrusive_ptr<PlainConnection>(this)](
                    const error_code& ec, std::size_t n) { self->on_read(ec, n); };
    socket_.async_read_some(asio::buffer(data, size), InMemory(read_memory_, std::move(done)));
  }

  // Nearly every answer fits the socket's buffer: trying at once saves a turn of the loop.
  bool start_write(std::string_view head, std::string_view body) override {
    std::array<asio::const_buffer, 2> parts{asio::buffer(head), asio::buffer(body)};
    error_code ec;
    // Of one buffer asio makes a plain send().
    std::size_t sent =
        body.empty() ? socket_.write_some(parts[0], ec) : socket_.write_some(parts, ec);
    if (sent == head.size() + body.size()) return true;
    if (ec && ec != asio::error::would_block) {
      abort();
      return false;
    }
    for (asio::const_buffer& part : parts) {
      const std::size_t skip = std::min(sent, part.size());
      part += skip;
      sent -= skip;
    }
    auto done = [self = boost::intrusive_ptr<PlainConnection>(this)](
                    const error_code& e, std::size_t) { self->on_written(e); };
    asio::async_write(socket_, parts, InMemory(write_memory_, std::move(done)));
    return false;
  }

  void start_shutdown() override {
    error_code ignored;
    socket_.shutdown(Socket::shutdown_send, ignored);
  }

  void close_socket() override {
    error_code ignored;
    socket_.close(ignored);
  }

  Socket socket_;
  HandlerMemory read_memory_, write_memory_;
};

class TlsConnection final : public Connection {
 public:
  TlsConnection(Gate& gate, Socket socket, std::string peer, asio::ssl::context& context)
      : Connection(gate, std::move(peer)), stream_(std::move(socket), context) {}

  void begin() override {
    auto done = [self = boost::intrusive_ptr<TlsConnection>(this)](const error_code& ec) {
      self->on_handshake(ec);
    };
    stream_.async_handshake(asio::ssl::stream_base::server,
                            InMemory(read_memory_, std::move(done)));
  }

 private:
  void on_handshake(const error_code& ec) {
    if (is_closed()) return;
    if (ec) {
      GateCounters::bump(gate_.counters().handshake_failures);
      return abort();
    }
    is_open_ = true;
    request_.is_tls = true;
    if (X509* certificate = ::SSL_get1_peer_certificate(stream_.native_handle())) {
      unsigned char* der = nullptr;
      const int size = ::i2d_X509(certificate, &der);
      if (size > 0)
        client_certificate_.assign(reinterpret_cast<char*>(der), static_cast<std::size_t>(size));
      OPENSSL_free(der);
      ::X509_free(certificate);
      request_.client_certificate = client_certificate_;
    }
    begin_reading();
  }

  void start_read(char* data, std::size_t size) override {
    auto done = [self = boost::intrusive_ptr<TlsConnection>(this)](const error_code& ec,
                                                                   std::size_t n) {
      const bool is_end = ec == asio::ssl::error::stream_truncated;
      self->on_read(is_end ? error_code(asio::error::eof) : ec, n);
    };
    stream_.async_read_some(asio::buffer(data, size), InMemory(read_memory_, std::move(done)));
  }

  // One text, so that head and body share a record.
  bool start_write(std::string_view head, std::string_view body) override {
    out_.assign(head).append(body);
    auto done = [self = boost::intrusive_ptr<TlsConnection>(this)](
                    const error_code& ec, std::size_t) { self->on_written(ec); };
    asio::async_write(stream_, asio::buffer(out_), InMemory(write_memory_, std::move(done)));
    return false;
  }

  void start_shutdown() override {
    if (!is_open_) return;
    auto done = [self = boost::intrusive_ptr<TlsConnection>(this)](const error_code&) {
      self->stream_.next_layer().shutdown(Socket::shutdown_send, self->ignored_);
    };
    stream_.async_shutdown(InMemory(write_memory_, std::move(done)));
  }

  void close_socket() override { stream_.next_layer().close(ignored_); }

  asio::ssl::stream<Socket> stream_;
  HandlerMemory read_memory_, write_memory_;
  std::string out_;
  std::string client_certificate_;
  error_code ignored_;
  bool is_open_ = false;
};

}  // namespace

void start_connection(Gate& gate, Socket socket, std::string peer, const TlsContext& tls) {
  const ConnectionRef connection(
      tls ? static_cast<Connection*>(
                new TlsConnection(gate, std::move(socket), std::move(peer), *tls))
          : new PlainConnection(gate, std::move(socket), std::move(peer)));
  connection->begin();
}

}  // namespace signet::net
