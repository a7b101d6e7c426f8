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

/// What every HttpClient refuses before anything goes out: "outbound_url_invalid" (also for hosts
/// that are numbers but no dotted quad), "outbound_method_invalid" (no token, CONNECT, HEAD with a
/// body), "outbound_header_invalid" (no token, a control character or a byte outside ASCII in a
/// value, a header of ours). Errors hold nothing of the request but a header's name.
Status check_request(const OutboundRequest& request);

/// Shared by all threads. Never follows redirects, never retries, keeps no cookies. (One exception:
/// a request without a body whose method is idempotent is sent anew where a kept connection turns
/// out to be closed, as RFC 9110 §9.2.2 allows.)
class HttpClient {
 public:
  virtual ~HttpClient() = default;

  /// The answer, whatever its status. kInvalid: what check_request() says; kDenied
  /// "outbound_address_denied"; kUnavailable "outbound_unreachable" (name, connection, TLS, the
  /// proxy: with the reason), "outbound_broken" (what came is no HTTP/1.1, or it ended too early)
  /// and "outbound_stopped" (the client was destroyed); kTimeout "outbound_timeout"; kInvalid
  /// "outbound_too_large" (the body, or 64 KiB or 200 lines of headers). An error names scheme,
  /// host and port, never path, query or headers.
  virtual Task<OutboundResponse> send(OutboundRequest request) = 0;
};

struct HttpClientSettings {
  std::string ca_file;  ///< PEM; empty: the system's
  /// http(s)://[user:password@]host:port; empty: HTTPS_PROXY, HTTP_PROXY and NO_PROXY of
  /// `environment` rule. NO_PROXY, loopback and link-local targets are exempt either way
  /// (http/proxy_rules.h). Names that a proxy resolves cannot be judged here.
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

/// HTTP/1.1. TLS 1.2 at least, certificate and name verified. Connections are kept and reused; what
/// is beyond the limits waits its turn, its timeout running. One thread serves any number of
/// requests; destruction ends it at once and fails what is under way. kConfig "outbound_ca_invalid"
/// and "outbound_proxy_invalid".
Result<std::shared_ptr<HttpClient>> make_http_client(HttpClientSettings settings);

}  // namespace signet::net
