#pragma once
// What all connections of one listener share and nobody changes, and the head of every response.

#include <string>
#include <string_view>

#include "http/message.h"
#include "net/http_server.h"

namespace signet::net {

/// A listener's options, with what can be put together beforehand.
struct Site {
  explicit Site(ListenOptions options);

  ListenOptions options;
  std::string constant_lines;  ///< headers that every response carries
  bool any_origin = false;

  /// The value of Access-Control-Allow-Origin for a caller of that origin, or empty (sec_214).
  std::string_view allowed_origin(std::string_view origin) const;
  /// True if this is a CORS preflight: then `response` holds the answer.
  bool answers_preflight(const http::Request& request, http::Response& response) const;
};

struct ResponseFrame {
  std::string_view date_line;  ///< "Date: ...\r\n"
  std::string_view request_id;
  std::string_view origin;  ///< the request's Origin, or empty
  bool keep_alive = true;
  bool is_http10 = false;
};

/// Whether a response of that status has a body at all (RFC 9110 §6.4.1).
constexpr bool has_body(int status) {
  return status >= 200 && status != 204 && status != 304;
}

/// Appends the head of `response` to `out`, with its empty line.
void append_head(std::string& out, const Site& site, const http::Response& response,
                 const ResponseFrame& frame);

/// Makes `response` the plain answer for a status: nothing but its reason phrase (sec_209).
void make_plain(http::Response& response, int status);

}  // namespace signet::net
