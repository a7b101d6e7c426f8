#pragma once
// How long an answer may be used again, and what tells whether it changed.

#include <optional>
#include <string>
#include <string_view>

#include "base/clock.h"

namespace signet::http {

/// The headers of an answer that speak of its age; empty where they are absent.
struct FreshnessHeaders {
  std::string cache_control;  ///< of several lines, joined by commas
  std::string age, date, expires;
};

/// For how long the answer that came at `now` is fresh to a private cache (RFC 9111 §4.2): max-age,
/// else Expires, less the Age; zero for no-store and no-cache, and where a value is malformed.
/// Nothing where the answer does not say. Other directives (s-maxage, must-revalidate) are without
/// effect.
std::optional<Seconds> freshness_lifetime(const FreshnessHeaders& headers, Instant now);

/// "Sun, 06 Nov 1994 08:49:37 GMT", the one form that is made today (RFC 9110 §5.6.7). Nothing for
/// anything else.
std::optional<Instant> parse_http_date(std::string_view text);

/// An entity tag of at most 256 printable ASCII characters (RFC 9110 §8.8.3).
bool is_entity_tag(std::string_view text);

}  // namespace signet::http
