#include "config/units.h"

#include <array>
#include <charconv>
#include <utility>

#include "base/text.h"

namespace signet::config {
namespace {

using Unit = std::pair<char, std::int64_t>;
constexpr std::int64_t kMost = std::int64_t{1} << 40;

// Takes the digits at the front of `text`; nothing if there are none or they are beyond all reason.
std::optional<std::int64_t> take_number(std::string_view& text) {
  std::int64_t number = 0;
  const auto [end, ec] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (ec != std::errc() || end == text.data() || number < 0 || number > kMost) return std::nullopt;
  if (text.front() == '-') return std::nullopt;
  text.remove_prefix(static_cast<std::size_t>(end - text.data()));
  return number;
}

// A run of numbers with units, each unit at most once and in falling order.
template <std::size_t N>
std::optional<std::int64_t> sum(std::string_view text, const std::array<Unit, N>& units) {
  if (text.empty()) return std::nullopt;
  std::int64_t total = 0;
  std::size_t next = 0;
  while (!text.empty()) {
    const auto number = take_number(text);
    if (!number || text.empty()) return std::nullopt;
    while (next < N && units[next].first != text.front())
      ++next;
    if (next == N || *number > kMost / units[next].second) return std::nullopt;
    total += *number * units[next++].second;
    text.remove_prefix(1);
  }
  return total;
}

std::optional<std::int64_t> parse_iso(std::string_view text) {
  const std::size_t t = text.find('T');
  const std::string_view days = text.substr(0, t);
  std::int64_t total = 0;
  if (!days.empty()) {
    const auto part = sum(days, std::array<Unit, 2>{{{'W', 604800}, {'D', 86400}}});
    if (!part) return std::nullopt;
    total += *part;
  }
  if (t != std::string_view::npos) {
    const auto part =
        sum(text.substr(t + 1), std::array<Unit, 3>{{{'H', 3600}, {'M', 60}, {'S', 1}}});
    if (!part) return std::nullopt;
    total += *part;
  } else if (days.empty()) {
    return std::nullopt;
  }
  return total;
}

}  // namespace

std::optional<Seconds> parse_duration(std::string_view text) {
  std::string_view rest = text;
  if (const auto number = take_number(rest); number && rest.empty()) return Seconds(*number);
  std::optional<std::int64_t> seconds;
  if (text.starts_with('P')) {
    seconds = parse_iso(text.substr(1));
  } else {
    seconds = sum(
        text, std::array<Unit, 5>{{{'w', 604800}, {'d', 86400}, {'h', 3600}, {'m', 60}, {'s', 1}}});
  }
  if (!seconds) return std::nullopt;
  return Seconds(*seconds);
}

std::string format_duration(Seconds duration) {
  const std::int64_t all = duration.count();
  if (all > 86400 && all % 86400 == 0) return 'P' + std::to_string(all / 86400) + 'D';
  std::string text = "PT";
  if (all >= 3600) text += std::to_string(all / 3600) + 'H';
  if (all % 3600 >= 60) text += std::to_string(all % 3600 / 60) + 'M';
  if (all % 60 != 0 || all == 0) text += std::to_string(all % 60) + 'S';
  return text;
}

std::optional<std::int64_t> parse_size(std::string_view text) {
  const auto number = take_number(text);
  if (!number) return std::nullopt;
  constexpr std::pair<std::string_view, std::int64_t> kUnits[] = {
      {"", 1},          {"B", 1},     {"KiB", 1 << 10},  {"MiB", 1 << 20},
      {"GiB", 1 << 30}, {"kB", 1000}, {"MB", 1'000'000}, {"GB", 1'000'000'000}};
  for (const auto& [name, factor] : kUnits) {
    if (text == name && *number <= kMost / factor) return *number * factor;
  }
  return std::nullopt;
}

std::string format_size(std::int64_t bytes) {
  constexpr std::pair<std::string_view, std::int64_t> kUnits[] = {
      {"GiB", 1 << 30}, {"MiB", 1 << 20}, {"KiB", 1 << 10}};
  for (const auto& [name, factor] : kUnits) {
    if (bytes >= factor && bytes % factor == 0) {
      return std::to_string(bytes / factor) + std::string(name);
    }
  }
  return std::to_string(bytes);
}

}  // namespace signet::config
