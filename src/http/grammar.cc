#include "http/grammar.h"

#include <algorithm>
#include <array>
#include <cstdint>
#include <cstring>

namespace signet::http {
namespace {

enum Class : std::uint8_t {
  kToken = 1,      // tchar
  kTarget = 2,     // pchar, '/', '?' and '%'
  kFieldText = 4,  // HTAB, SP and VCHAR
  kHostName = 8,   // reg-name without escapes and sub-delims
  kIdText = 16,    // request ids
};

constexpr std::array<std::uint8_t, 256> make_classes() {
  std::array<std::uint8_t, 256> t{};
  const auto mark = [&t](std::string_view chars, int bits) {
    for (const char c : chars)
      t[static_cast<std::uint8_t>(c)] |= static_cast<std::uint8_t>(bits);
  };
  mark("0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ",
       kToken | kTarget | kHostName | kIdText);
  mark("-._", kToken | kTarget | kHostName | kIdText);
  mark("~", kToken | kTarget | kHostName);
  mark("!#$%&'*+^`|", kToken);
  mark("!$&'()*+,;=:@/?%", kTarget);
  for (int c = 0x20; c < 0x7F; ++c)
    t[static_cast<std::size_t>(c)] |= kFieldText;
  mark("\t", kFieldText);
  return t;
}
constexpr auto kClasses = make_classes();

bool all_of_class(std::string_view text, std::uint8_t wanted) {
  std::uint8_t common = wanted;
  for (const char c : text)
    common &= kClasses[static_cast<std::uint8_t>(c)];
  return common != 0;
}

// The octet that the escape at text[i] stands for, or -1.
int escape_at(std::string_view text, std::size_t i) {
  if (i + 2 >= text.size()) return -1;
  const int high = hex_digit(text[i + 1]), low = hex_digit(text[i + 2]);
  return high < 0 || low < 0 ? -1 : high * 16 + low;
}

bool is_port(std::string_view text) {
  return text.size() <= 5 &&
         std::all_of(text.begin(), text.end(), [](char c) { return c >= '0' && c <= '9'; });
}

}  // namespace

int hex_digit(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return -1;
}

bool is_token(std::string_view text) {
  return !text.empty() && all_of_class(text, kToken);
}

bool is_request_id(std::string_view text) {
  return !text.empty() && text.size() <= 64 && all_of_class(text, kIdText);
}

bool is_host(std::string_view text) {
  if (text.empty() || text.size() > 255 + 6) return false;
  if (text.front() == '[') {
    const std::size_t end = text.find(']');
    if (end == std::string_view::npos || end < 3) return false;
    const std::string_view inside = text.substr(1, end - 1), rest = text.substr(end + 1);
    return std::all_of(inside.begin(), inside.end(),
                       [](char c) { return hex_digit(c) >= 0 || c == ':' || c == '.'; }) &&
           inside.find(':') != std::string_view::npos &&
           (rest.empty() || (rest.front() == ':' && is_port(rest.substr(1))));
  }
  const std::size_t colon = text.find(':');
  const std::string_view name = text.substr(0, colon);
  return !name.empty() && all_of_class(name, kHostName) &&
         (colon == std::string_view::npos || is_port(text.substr(colon + 1)));
}

bool is_target_text(std::string_view text) {
  if (!all_of_class(text, kTarget)) return false;
  for (std::size_t i = text.find('%'); i != std::string_view::npos; i = text.find('%', i + 1)) {
    if (escape_at(text, i) < 0) return false;
  }
  return true;
}

bool is_canonical_path(std::string_view path) {
  if (path.empty() || path.front() != '/' || !all_of_class(path, kTarget)) return false;
  std::size_t start = 1;  // of the segment
  for (std::size_t i = 1; i <= path.size(); ++i) {
    if (i == path.size() || path[i] == '/') {
      const std::string_view segment = path.substr(start, i - start);
      if (segment == "." || segment == "..") return false;
      if (segment.empty() && i != path.size()) return false;
      start = i + 1;
    } else if (path[i] == ';' || path[i] == '?') {
      return false;
    } else if (path[i] == '%') {
      const int octet = escape_at(path, i);
      if (octet < 0x20 || octet == 0x7F || octet == '/' || octet == '\\' || octet == '.' ||
          octet == ';' || octet == '%') {
        return false;
      }
    }
  }
  return true;
}

HeadScan HeadScanner::scan(std::string_view bytes) {
  for (;;) {
    const std::size_t from = std::max(line_, seen_);
    const void* found =
        from < bytes.size() ? std::memchr(bytes.data() + from, '\n', bytes.size() - from) : nullptr;
    if (found == nullptr) {
      seen_ = bytes.size();
      return HeadScan::kMore;
    }
    const auto end = static_cast<std::size_t>(static_cast<const char*>(found) - bytes.data());
    if (end == line_ || bytes[end - 1] != '\r') return HeadScan::kBad;
    const std::string_view line = bytes.substr(line_, end - 1 - line_);
    line_ = end + 1;
    if (line.empty()) return lines_ == 0 ? HeadScan::kBad : HeadScan::kComplete;
    if (line.front() == ' ' || line.front() == '\t' || !all_of_class(line, kFieldText)) {
      return HeadScan::kBad;
    }
    ++lines_;
  }
}

}  // namespace signet::http
