#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/result.h"

namespace signet::http {

/// application/x-www-form-urlencoded, decoded strictly: bad percent escapes, NUL and bytes that are
/// not UTF-8 are "form_malformed"; more than `max_fields` "form_too_many_fields".
class Form {
 public:
  static Result<Form> parse(std::string_view text, std::size_t max_fields = 100);
  /// The value of a field that is there exactly once or not at all (null).
  const std::string* find(std::string_view name) const;
  /// Values of a repeatable field, in order.
  std::vector<std::string_view> all(std::string_view name) const;
  /// The name of a field that occurs twice and is not in `repeatable`, or null (RFC 6749 §3.2).
  const std::string* duplicate(const std::vector<std::string_view>& repeatable = {}) const;
  const std::vector<std::pair<std::string, std::string>>& fields() const { return fields_; }

 private:
  std::vector<std::pair<std::string, std::string>> fields_;
};

/// Decodes %XX and '+' (form encoding); "form_malformed".
Result<std::string> form_decode(std::string_view text);
std::string form_encode(std::string_view text);
/// Decodes %XX only (paths); "percent_malformed".
Result<std::string> percent_decode(std::string_view text);

/// The type and subtype of a Content-Type, lower case, without parameters.
std::string media_type(std::string_view content_type);

/// `Authorization: SCHEME rest`; the scheme is matched without case. Null if another scheme.
std::optional<std::string_view> authorization(std::string_view header, std::string_view scheme);

struct BasicCredentials {
  std::string user, password;
};
/// RFC 7617 with the form-encoding of RFC 6749 §2.3.1. "basic_malformed".
Result<BasicCredentials> parse_basic(std::string_view header_value_after_scheme);

/// An absolute http(s) URI as configuration holds it (issuer, JWKS URL), RFC 3986 strict:
/// scheme, lower-case host, no userinfo, no fragment. "uri_invalid" with the reason in words.
struct HttpUri {
  std::string scheme, host, path, query;
  std::uint16_t port = 0;
  bool has_query = false;
};
Result<HttpUri> parse_http_uri(std::string_view text);

}  // namespace signet::http
