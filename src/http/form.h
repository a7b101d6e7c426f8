#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "base/result.h"

namespace signet::http {

/// Undoes percent-encoding, and '+' for a blank where `plus_is_blank`, into `out`, which must have
/// room for text.size() bytes and may be the text's own beginning. The size, or SIZE_MAX for a bad
/// escape, a raw blank or control character, NUL, or a result that is not UTF-8.
std::size_t unescape_into(std::string_view text, bool plus_is_blank, char* out);

/// As application/x-www-form-urlencoded has it.
std::string form_encode(std::string_view text);
/// Decodes %XX only (paths); "percent_malformed".
Result<std::string> percent_decode(std::string_view text);
/// Everything but unreserved characters (RFC 3986 §2.3), and slashes where they stay, as %XX.
std::string percent_encode(std::string_view text, bool keeps_slashes);

/// Whether a Content-Type names this type and subtype, whatever its case and parameters.
bool is_media_type(std::string_view content_type, std::string_view type);

/// `Authorization: SCHEME rest`; the scheme is matched without case. Null if another scheme.
std::optional<std::string_view> authorization(std::string_view header, std::string_view scheme);

/// An absolute http(s) URI as configuration holds it (issuer, JWKS URL), RFC 3986 strict:
/// scheme, lower-case host, no userinfo, no fragment. "uri_invalid" with the reason in words.
struct HttpUri {
  std::string scheme, host, path, query;
  std::uint16_t port = 0;
  bool has_query = false;
};
Result<HttpUri> parse_http_uri(std::string_view text);
/// Where a Location header leads from `base`, as an absolute http(s) URI without its fragment (RFC
/// 3986 §5). "uri_invalid" for an empty one and whatever parse_http_uri() refuses.
Result<std::string> resolve_http_uri(std::string_view base, std::string_view reference);

}  // namespace signet::http
