#pragma once
// The small character classes and shapes of RFC 9110, 9112 and 3986.

#include <cstddef>
#include <string_view>

namespace signet::http {

/// A non-empty token (RFC 9110 §5.6.2): header names, methods, schemes.
bool is_token(std::string_view text);

/// What a Host header may hold: name, IPv4 or [IPv6], with an optional port. Percent-encoding,
/// user information and an empty name are refused (stricter than RFC 9110 §7.2).
bool is_host(std::string_view text);

/// The characters a request target may hold (RFC 3986 §3.3, §3.4); no fragment, and every '%'
/// begins an escape.
bool is_target_text(std::string_view text);

/// True if `path` can be read in one way only (sec_208): it begins with '/', has no empty, "." or
/// ".." segment, no ';', and escapes nothing that would change its structure ('/', '\\', '.', ';',
/// '%', control characters). One '/' at the end is allowed.
bool is_canonical_path(std::string_view path);

/// Whether a request id of the caller may be taken over: [A-Za-z0-9._-]{1,64}.
bool is_request_id(std::string_view text);

/// What a strict pass over the lines of a request head found.
enum class HeadScan { kMore, kComplete, kBad };

/// Looks for the end of a request head without trusting any parser's leniency (RFC 9112 §2.2, §5):
/// every line ends in CRLF, no CR elsewhere, no control character but HTAB, nothing outside ASCII,
/// no line starts with white space (obs-fold). Resumable: keep one per head, feed it the same bytes
/// from the start each time with more behind them.
class HeadScanner {
 public:
  HeadScan scan(std::string_view bytes);
  /// Size of the head with its empty line; after kComplete.
  std::size_t size() const { return line_; }
  /// Lines seen so far, the request line included.
  std::size_t lines() const { return lines_; }
  void reset() { *this = HeadScanner(); }

 private:
  std::size_t line_ = 0;  // start of the line that is not yet whole
  std::size_t seen_ = 0;  // bytes known to hold no LF from line_ on
  std::size_t lines_ = 0;
};

/// 0 to 15, or -1.
int hex_digit(char c);

}  // namespace signet::http
