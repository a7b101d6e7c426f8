#pragma once

#include <string_view>

namespace signet::http {

/// Whether an If-None-Match header names `etag` (RFC 9110 §13.1.2): a list compared weakly, or "*".
/// `etag` is an entity tag with its quotes.
bool etag_matches(std::string_view if_none_match, std::string_view etag);

}  // namespace signet::http
