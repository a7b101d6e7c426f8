#include "cli/time_text.h"

#include <algorithm>
#include <charconv>
#include <cstdio>

namespace signet::cli {
namespace {

struct Parts {
  int year, month, day, hour, minute, second;
};

std::optional<int> digits(std::string_view text, std::size_t at, std::size_t count) {
  if (at + count > text.size()) return std::nullopt;
  int number = 0;
  const char* begin = text.data() + at;
  const auto [end, ec] = std::from_chars(begin, begin + count, number);
  if (ec != std::errc() || end != begin + count || number < 0) return std::nullopt;
  return number;
}

std::optional<Instant> assemble(const Parts& p) {
  using namespace std::chrono;  // NOLINT: calendar words only
  const year_month_day date{year(p.year), month(static_cast<unsigned>(p.month)),
                            day(static_cast<unsigned>(p.day))};
  if (!date.ok() || p.hour > 23 || p.minute > 59 || p.second > 60) return std::nullopt;
  const auto days = sys_days(date).time_since_epoch();
  return Instant(
      duration_cast<Milliseconds>(days + hours(p.hour) + minutes(p.minute) + Seconds(p.second)));
}

}  // namespace

std::optional<Instant> parse_time(std::string_view text) {
  if (text.size() < 20 || text[4] != '-' || text[7] != '-' || text[10] != 'T' || text[13] != ':' ||
      text[16] != ':') {
    return std::nullopt;
  }
  const auto y = digits(text, 0, 4), mo = digits(text, 5, 2), d = digits(text, 8, 2),
             h = digits(text, 11, 2), mi = digits(text, 14, 2), s = digits(text, 17, 2);
  if (!y || !mo || !d || !h || !mi || !s) return std::nullopt;
  std::string_view rest = text.substr(19);
  Milliseconds fraction{0};
  if (rest.front() == '.') {
    const std::size_t end = std::min(rest.find_first_not_of("0123456789", 1), rest.size());
    int weight = 100;
    for (std::size_t i = 1; i < end; ++i, weight /= 10)
      fraction += Milliseconds((rest[i] - '0') * weight);
    rest.remove_prefix(end);
  }
  if (rest != "Z" && rest != "+00:00") return std::nullopt;
  const auto whole = assemble({*y, *mo, *d, *h, *mi, *s});
  if (!whole) return std::nullopt;
  return *whole + fraction;
}

std::string format_time(Instant instant) {
  using namespace std::chrono;  // NOLINT: calendar words only
  const auto since = floor<seconds>(instant.time_since_epoch());
  const auto whole_days = floor<days>(since);
  const year_month_day date{sys_days(whole_days)};
  const hh_mm_ss time(since - whole_days);
  char text[32];
  std::snprintf(text, sizeof text, "%04d-%02u-%02uT%02d:%02d:%02dZ", static_cast<int>(date.year()),
                static_cast<unsigned>(date.month()), static_cast<unsigned>(date.day()),
                static_cast<int>(time.hours().count()), static_cast<int>(time.minutes().count()),
                static_cast<int>(time.seconds().count()));
  return text;
}

}  // namespace signet::cli
