#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "base/clock.h"

namespace signet::cli {

/// RFC 3339 in UTC, as the admin API writes it: "2026-01-31T12:00:00.123Z"; what is
/// finer than milliseconds is cut off.
std::optional<Instant> parse_time(std::string_view text);
/// "2026-01-31T12:00:00Z"
std::string format_time(Instant instant);

}  // namespace signet::cli
