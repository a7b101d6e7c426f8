#pragma once
// A small blocking HTTP/1.1 client for the command line: one request on one connection. The server
// itself never uses it.

#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/clock.h"
#include "base/result.h"

namespace signet::net {

using LocalHeaders = std::vector<std::pair<std::string, std::string>>;

struct LocalResponse {
  int status = 0;
  LocalHeaders headers;
  std::string body;

  /// The first header of that name (ASCII case ignored), or empty.
  std::string_view header(std::string_view name) const;
};

struct LocalRequest {
  std::string method = "GET";
  std::string url;  ///< http://HOST[:PORT]/PATH[?QUERY]
  LocalHeaders headers;
  std::string body;
  Milliseconds timeout{10'000};  ///< for everything together
  std::size_t max_body = 16 << 20;
};

/// Redirects are not followed. "local_url_invalid"; kUnsupported "local_https" for https;
/// kUnavailable "local_unreachable" and kTimeout "local_timeout" name host, port and the system's
/// reason; "local_bad_response" for what is not HTTP or is too large.
Result<LocalResponse> call(const LocalRequest& request);

/// True for a URL whose host is this machine: localhost, 127.0.0.0/8 or [::1].
bool is_loopback_url(std::string_view url);

}  // namespace signet::net
