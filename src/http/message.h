#pragma once
// http: messages as values, and the small grammars around them. No sockets: those are in net.

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace signet::http {

enum class Method : std::uint8_t { kGet, kHead, kPost, kPut, kDelete, kPatch, kOptions, kOther };

struct Header {
  std::string_view name;
  std::string_view value;
};

/// A request as received. All texts are views into the connection's buffer: they live until the
/// response has been handed over, so what a coroutine needs later it copies first.
struct Request {
  Method method = Method::kOther;
  std::string_view target;  ///< origin-form as sent: path and query
  std::string_view path;    ///< percent-encoding kept; always starts with '/'
  std::string_view query;   ///< without '?', empty if none
  std::vector<Header> headers;
  std::string_view body;
  std::string_view peer;        ///< address of the other end, e.g. "127.0.0.1"
  std::string_view request_id;  ///< made by the server, fit for a log
  bool is_tls = false;
  std::string_view client_certificate;  ///< DER of a verified-by-possession TLS client certificate

  /// The first header of that name (ASCII case ignored), or an empty view.
  std::string_view header(std::string_view name) const;
  std::size_t count(std::string_view name) const;
};

/// A response being made. Reused from request to request, so that a warm connection allocates
/// nothing. Date, Content-Length, Connection and the security headers are the server's.
class Response {
 public:
  int status = 200;
  std::string body;

  /// Adds a header line. A value with CR, LF or NUL is refused by dropping the header and turning
  /// the response into a 500: it is always our bug.
  void add(std::string_view name, std::string_view value);
  void content_type(std::string_view value) { add("Content-Type", value); }
  const std::string& header_lines() const { return lines_; }
  bool is_broken() const { return broken_; }
  /// The value of a header added before, or empty.
  std::string_view header(std::string_view name) const;
  void reset();

 private:
  std::string lines_;
  bool broken_ = false;
};

std::string_view reason_phrase(int status);

}  // namespace signet::http
