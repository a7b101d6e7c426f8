#pragma once
// The one way out: HTTP requests that Signet itself makes, to secret stores, clouds and the JWKS
// URLs of others.

#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "async/task.h"
#include "base/clock.h"
#include "base/secret_bytes.h"

namespace signet::net {

using HeaderList = std::vector<std::pair<std::string, std::string>>;

/// One request. The body may hold secrets and is overwritten when the request goes.
struct OutboundRequest {
  std::string method = "GET";
  std::string url;     ///< https://… or http://…, whole
  HeaderList headers;  ///< no line breaks; Host, Content-Length and Connection are ours
  std::string body;
  Milliseconds timeout{10'000};      ///< for everything together
  std::size_t max_body = 256 << 10;  ///< bytes of the answer; more is an error

  OutboundRequest() = default;
  OutboundRequest(OutboundRequest&&) = default;
  OutboundRequest& operator=(OutboundRequest&&) = default;
  OutboundRequest(const OutboundRequest&) = default;
  OutboundRequest& operator=(const OutboundRequest&) = default;
  ~OutboundRequest() { wipe(body); }
};

/// One answer, of any status. The body may hold secrets and is overwritten when the answer goes.
struct OutboundResponse {
  int status = 0;
  HeaderList headers;  ///< in order of arrival
  std::string body;

  OutboundResponse() = default;
  OutboundResponse(OutboundResponse&&) = default;
  OutboundResponse& operator=(OutboundResponse&&) = default;
  OutboundResponse(const OutboundResponse&) = default;
  OutboundResponse& operator=(const OutboundResponse&) = default;
  ~OutboundResponse() { wipe(body); }

  /// The first header of that name (ASCII case ignored), or empty.
  std::string_view header(std::string_view name) const;
};

/// Shared by all threads. Never follows redirects, never retries, keeps no cookies.
class HttpClient {
 public:
  virtual ~HttpClient() = default;

  /// The answer, whatever its status. kInvalid "outbound_url_invalid" and
  /// "outbound_header_invalid"; kDenied "outbound_address_denied"; kUnavailable
  /// "outbound_unreachable" (name, connection, TLS: with the reason) and "outbound_broken";
  /// kTimeout "outbound_timeout"; kInvalid "outbound_too_large". An error names scheme, host and
  /// port, never path, query or headers.
  virtual Task<OutboundResponse> send(OutboundRequest request) = 0;
};

struct HttpClientSettings {
  std::string ca_file;  ///< PEM; empty: the system's
  /// http(s)://[user:password@]host:port; empty: HTTPS_PROXY, HTTP_PROXY and NO_PROXY of
  /// `environment` rule.
  std::string proxy;
  std::vector<std::pair<std::string, std::string>> environment;
  std::size_t max_connections = 64;
  std::size_t max_connections_per_host = 16;
  /// Refuses every address that is not public (loopback, private, link-local, multicast, mapped and
  /// translated ones), looked at after the name was resolved, at the moment of connecting: for URLs
  /// that came from outside (SSRF). The proxy's own address is exempt.
  bool only_public_addresses = false;
  /// With the above: hosts that may be private all the same.
  std::vector<std::string> allowed_private_hosts;
  Milliseconds connect_timeout{3'000};
};

/// TLS 1.2 at least, certificate and name verified. Connections are kept and reused. One thread
/// serves any number of requests.
Result<std::shared_ptr<HttpClient>> make_http_client(HttpClientSettings settings);

}  // namespace signet::net
