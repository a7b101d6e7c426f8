#include "http/freshness.h"

#include <algorithm>
#include <charconv>

#include "base/text.h"

namespace signet::http {
namespace {

constexpr std::string_view kDays[] = {"Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"};
constexpr std::string_view kMonths[] = {"Jan", "Feb", "Mar", "Apr", "May", "Jun",
                                        "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};
constexpr std::size_t kMaxTag = 256;

/// A number of seconds (RFC 9111 §1.2.2); what is too large for us is "for ever".
std::optional<Seconds> delta_seconds(std::string_view text) {
  constexpr std::int64_t kForEver = std::int64_t{1} << 31;
  const bool is_number = !text.empty() && std::all_of(text.begin(), text.end(),
                                                      [](char c) { return c >= '0' && c <= '9'; });
  if (!is_number) return std::nullopt;
  std::int64_t value = 0;
  const auto [end, ec] = std::from_chars(text.data(), text.data() + text.size(), value);
  return Seconds(ec == std::errc() ? std::min(value, kForEver) : kForEver);
}

/// What Cache-Control says; the shorter one where it contradicts itself.
struct Directives {
  bool is_forbidden = false;  ///< no-store, no-cache
  std::optional<Seconds> max_age;

  void add(std::string_view directive) {
    const std::size_t equals = std::min(directive.find('='), directive.size());
    const std::string_view name = trim(directive.substr(0, equals));
    if (equal_ignoring_case(name, "no-store") || equal_ignoring_case(name, "no-cache")) {
      is_forbidden = true;
    } else if (equal_ignoring_case(name, "max-age")) {
      std::string_view value = directive.substr(std::min(equals + 1, directive.size()));
      value = trim(value);
      if (value.size() >= 2 && value.front() == '"' && value.back() == '"')
        value = value.substr(1, value.size() - 2);
      const Seconds age = delta_seconds(value).value_or(Seconds(0));
      max_age = std::min(max_age.value_or(age), age);
    }
  }
};

Directives read_directives(std::string_view text) {
  Directives out;
  std::size_t start = 0;
  bool is_quoted = false;
  for (std::size_t i = 0; i <= text.size(); ++i) {
    if (i < text.size() && text[i] == '"') is_quoted = !is_quoted;
    if (i < text.size() && (text[i] != ',' || is_quoted)) continue;
    out.add(text.substr(start, i - start));
    start = i + 1;
  }
  return out;
}

std::optional<int> digits(std::string_view text) {
  const auto value = delta_seconds(text);
  return value ? std::optional<int>(static_cast<int>(value->count())) : std::nullopt;
}

}  // namespace

std::optional<Seconds> freshness_lifetime(const FreshnessHeaders& headers, Instant now) {
  const Directives said = read_directives(headers.cache_control);
  if (said.is_forbidden) return Seconds(0);
  std::optional<Seconds> lifetime = said.max_age;
  if (!lifetime && !headers.expires.empty()) {
    const auto expires = parse_http_date(headers.expires);
    const Instant date = parse_http_date(headers.date).value_or(now);
    lifetime = expires ? std::chrono::duration_cast<Seconds>(*expires - date) : Seconds(0);  // §5.3
  }
  if (!lifetime) return std::nullopt;
  const Seconds age = delta_seconds(trim(headers.age)).value_or(Seconds(0));
  return std::max(*lifetime - age, Seconds(0));
}

std::optional<Instant> parse_http_date(std::string_view text) {
  constexpr std::string_view kForm = "Sun, 06 Nov 1994 08:49:37 GMT";
  if (text.size() != kForm.size()) return std::nullopt;
  for (const std::size_t at : {3U, 4U, 7U, 11U, 16U, 19U, 22U, 25U, 26U, 27U, 28U}) {
    if (text[at] != kForm[at]) return std::nullopt;
  }
  const auto* weekday = std::find(std::begin(kDays), std::end(kDays), text.substr(0, 3));
  const auto* month = std::find(std::begin(kMonths), std::end(kMonths), text.substr(8, 3));
  const auto day = digits(text.substr(5, 2)), year = digits(text.substr(12, 4));
  const auto hour = digits(text.substr(17, 2)), minute = digits(text.substr(20, 2));
  const auto second = digits(text.substr(23, 2));
  const bool has_all = weekday != std::end(kDays) && month != std::end(kMonths) && day && year &&
                       hour && minute && second;
  if (!has_all || *hour > 23 || *minute > 59 || *second > 60) return std::nullopt;
  const std::chrono::year_month_day date{
      std::chrono::year(*year),
      std::chrono::month(static_cast<unsigned>(month - std::begin(kMonths)) + 1),
      std::chrono::day(static_cast<unsigned>(*day))};
  if (!date.ok()) return std::nullopt;
  const auto days = std::chrono::sys_days(date);
  const auto place = static_cast<unsigned>(weekday - std::begin(kDays));
  if (std::chrono::weekday(days).c_encoding() != place) return std::nullopt;
  const Seconds of_day =
      std::chrono::hours(*hour) + std::chrono::minutes(*minute) + Seconds(*second);
  return Instant(std::chrono::duration_cast<Milliseconds>(days.time_since_epoch() + of_day));
}

bool is_entity_tag(std::string_view text) {
  if (text.size() > kMaxTag) return false;
  if (text.starts_with("W/")) text.remove_prefix(2);
  if (text.size() < 2 || text.front() != '"' || text.back() != '"') return false;
  text = text.substr(1, text.size() - 2);
  return std::all_of(text.begin(), text.end(),
                     [](char c) { return c > 0x20 && c < 0x7F && c != '"'; });
}

}  // namespace signet::http
