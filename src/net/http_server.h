#pragma once
// net: sockets. The HTTP/1.1 server (one event loop per core, nothing shared between loops), the
// HTTP client, TLS.

#include <cstddef>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "async/task.h"
#include "base/clock.h"
#include "base/log.h"
#include "http/message.h"

namespace signet::net {

/// One request being answered.
class Exchange {
 public:
  virtual ~Exchange() = default;
  virtual const http::Request& request() const = 0;
  virtual http::Response& response() = 0;
  /// Answer later: `task` runs on this connection's loop and fills response(); the answer goes out
  /// when it ends. A task that fails gives a plain 500 or 503. The exchange stays valid until then.
  virtual void wait_for(Task<Done> task) = 0;
};

/// Answers a request: fills exchange.response() and returns, or calls exchange.wait_for(...).
/// Called on the connection's loop; must not block.
using Handler = std::function<void(Exchange&)>;

struct TlsOptions {
  std::string certificate_chain_pem;  ///< file
  std::string private_key_pem;        ///< file
  /// Ask clients for a certificate (any; the endpoint decides whether to trust it).
  bool request_client_certificate = false;
  bool allow_tls12 = true;  ///< 1.3 is always on
};

struct ServerLimits {
  std::size_t max_head = 16 * 1024;
  std::size_t max_headers = 100;
  std::size_t max_target = 8 * 1024;
  std::size_t max_body = 256 * 1024;
  std::size_t max_connections = 10'000;  ///< over all loops; beyond: accepted and closed at once
  std::size_t max_pipelined = 16;
  Milliseconds head_timeout{10'000};  ///< from the first byte of a request to its last header
  Milliseconds body_timeout{15'000};
  Milliseconds idle_timeout{60'000};  ///< between requests
  Milliseconds write_timeout{15'000};
};

struct ListenOptions {
  std::string address = "127.0.0.1";
  std::uint16_t port = 0;  ///< 0: any free one
  /// Other processes of the same user may listen there too (SO_REUSEPORT); the kernel spreads
  /// connections.
  bool shares_port = false;
  std::optional<TlsOptions> tls;
  ServerLimits limits;
  Handler handler;
  /// Allowed CORS origins; "*" alone: any (never with credentials). Empty: no CORS headers.
  std::vector<std::string> cors_origins;
  bool hsts = false;
  std::string name;  ///< for logs and metrics: "public", "management"
  /// One line per request at this level, without the query (sec_014). Costs nothing unless enabled.
  log::Level access_log_level = log::Level::kDebug;
};

/// Counters of one listener since start; cheap to read.
struct ServerStats {
  std::uint64_t connections_open, connections_total, connections_refused, requests_total,
      bad_requests_total, timeouts_total, handshake_failures_total;
};

/// Event loops and listeners. Start: listen(...) as often as needed, then run() from one thread.
class Server {
 public:
  explicit Server(std::size_t loops);
  /// Stops at once if stop() has not been called. Pools that still work for tasks of this server
  /// end before it.
  ~Server();
  Server(const Server&) = delete;

  /// Binds and listens on every loop (SO_REUSEPORT). The bound port. kConfig "listen_failed" names
  /// address, port and the system's reason; "tls_config_invalid", "tls_key_encrypted".
  Result<std::uint16_t> listen(ListenOptions options);
  /// Reloads certificates of all TLS listeners; running connections keep theirs.
  Status reload_tls();
  /// Starts the loops' threads and returns.
  void start();
  /// Stops accepting, lets requests under way finish, closes idle connections; returns when all is
  /// closed or after `deadline`, then drops what is left.
  void stop(Milliseconds deadline);
  ServerStats stats(std::size_t listener) const;

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace signet::net
