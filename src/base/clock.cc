#include "base/clock.h"

#include <algorithm>
#include <cstdio>
#include <ctime>

namespace signet {
namespace {

/// The number of these digits; -1 where one is none.
int digits(std::string_view text) {
  int number = 0;
  for (const char c : text) {
    if (c < '0' || c > '9') return -1;
    number = number * 10 + (c - '0');
  }
  return number;
}

}  // namespace

std::string to_rfc3339(Instant instant) {
  const std::time_t seconds = unix_seconds(instant);
  const auto ms = (instant - from_unix_seconds(seconds)).count();
  std::tm utc{};
  ::gmtime_r(&seconds, &utc);
  char date[40], out[48];
  std::strftime(date, sizeof date, "%Y-%m-%dT%H:%M:%S", &utc);
  std::snprintf(out, sizeof out, "%s.%03dZ", date, static_cast<int>(ms));
  return out;
}

std::optional<Instant> parse_rfc3339(std::string_view text) {
  constexpr std::string_view kForm = "2026-11-21T18:50:49";
  if (text.size() <= kForm.size()) return std::nullopt;
  for (const std::size_t at : {4U, 7U, 10U, 13U, 16U}) {
    if (text[at] != kForm[at]) return std::nullopt;
  }
  const int year = digits(text.substr(0, 4)), month = digits(text.substr(5, 2)),
            day = digits(text.substr(8, 2)), hour = digits(text.substr(11, 2)),
            minute = digits(text.substr(14, 2)), second = digits(text.substr(17, 2));
  const bool has_all = std::min({year, month, day, hour, minute, second}) >= 0;
  if (!has_all || hour > 23 || minute > 59 || second > 60) return std::nullopt;
  const std::chrono::year_month_day date{std::chrono::year(year),
                                         std::chrono::month(static_cast<unsigned>(month)),
                                         std::chrono::day(static_cast<unsigned>(day))};
  if (!date.ok()) return std::nullopt;
  std::string_view rest = text.substr(kForm.size());
  Milliseconds fraction{0};
  if (rest.front() == '.') {
    const std::size_t end = std::min(rest.find_first_not_of("0123456789", 1), rest.size());
    if (end == 1) return std::nullopt;
    int weight = 100;
    for (std::size_t i = 1; i < end; ++i, weight /= 10)
      fraction += Milliseconds((rest[i] - '0') * weight);
    rest.remove_prefix(end);
  }
  if (rest != "Z" && rest != "+00:00") return std::nullopt;
  const Seconds of_day = std::chrono::hours(hour) + std::chrono::minutes(minute) + Seconds(second);
  const auto days = std::chrono::sys_days(date).time_since_epoch();
  return Instant(std::chrono::duration_cast<Milliseconds>(days + of_day) + fraction);
}

}  // namespace signet
