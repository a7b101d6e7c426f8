#pragma once
// Durations and sizes as operators write them.

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "base/clock.h"

namespace signet::config {

/// Whole seconds from "600", "10m", "1h30m", "24h", "90d" or ISO 8601 ("PT10M", "P1DT12H", "P2W").
/// Years and months have no fixed length and are not taken; nor are signs and fractions.
std::optional<Seconds> parse_duration(std::string_view text);
/// The shortest ISO 8601 form: "PT10M", "PT24H", "P90D".
std::string format_duration(Seconds duration);

/// Bytes from "65536", "64KiB", "1MiB", "1GiB", "1kB", "1MB" or "1GB".
std::optional<std::int64_t> parse_size(std::string_view text);
/// "64KiB" where it divides evenly, else plain bytes.
std::string format_size(std::int64_t bytes);

}  // namespace signet::config
