#include "http/form.h"

#include "base/text.h"
#include "http/grammar.h"

namespace signet::http {
namespace {

bool is_control(char c) {
  return static_cast<unsigned char>(c) < 0x20 || c == 0x7F;
}

bool is_letter_or_digit(char c) {
  return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

void append_escaped(std::string& out, char c) {
  static constexpr char kHex[] = "0123456789ABCDEF";
  const auto octet = static_cast<unsigned char>(c);
  out += '%';
  out += kHex[octet >> 4];
  out += kHex[octet & 15];
}

}  // namespace

std::size_t unescape_into(std::string_view text, bool plus_is_blank, char* out) {
  char* to = out;
  for (std::size_t i = 0; i < text.size(); ++i) {
    char c = text[i];
    if (c == '%') {
      const int high = i + 2 < text.size() ? hex_digit(text[i + 1]) : -1;
      const int low = i + 2 < text.size() ? hex_digit(text[i + 2]) : -1;
      if (high < 0 || low < 0 || (high | low) == 0) return SIZE_MAX;
      c = static_cast<char>(high * 16 + low);
      i += 2;
    } else if (c == '+' && plus_is_blank) {
      c = ' ';
    } else if (is_control(c) || c == ' ') {
      return SIZE_MAX;
    }
    *to++ = c;
  }
  const auto size = static_cast<std::size_t>(to - out);
  return is_utf8({out, size}) ? size : SIZE_MAX;
}

Result<std::string> percent_decode(std::string_view text) {
  std::string out(text.size(), '\0');
  const std::size_t size = unescape_into(text, false, out.data());
  if (size == SIZE_MAX)
    return Error{Code::kInvalid, "percent_malformed", "not well-formed percent-encoding"};
  out.resize(size);
  return out;
}

std::string form_encode(std::string_view text) {
  std::string out;
  out.reserve(text.size());
  for (const char c : text) {
    if (is_letter_or_digit(c) || c == '*' || c == '-' || c == '.' || c == '_') {
      out += c;
    } else if (c == ' ') {
      out += '+';
    } else {
      append_escaped(out, c);
    }
  }
  return out;
}

std::string percent_encode(std::string_view text, bool keeps_slashes) {
  std::string out;
  out.reserve(text.size());
  for (const char c : text) {
    const bool is_unreserved =
        is_letter_or_digit(c) || c == '-' || c == '.' || c == '_' || c == '~';
    if (is_unreserved || (keeps_slashes && c == '/')) {
      out += c;
    } else {
      append_escaped(out, c);
    }
  }
  return out;
}

bool is_media_type(std::string_view content_type, std::string_view type) {
  return equal_ignoring_case(trim(content_type.substr(0, content_type.find(';'))), type);
}

std::optional<std::string_view> authorization(std::string_view header, std::string_view scheme) {
  if (header.size() < scheme.size() ||
      !equal_ignoring_case(header.substr(0, scheme.size()), scheme)) {
    return std::nullopt;
  }
  header.remove_prefix(scheme.size());
  if (!header.empty() && header.front() != ' ') return std::nullopt;
  return trim(header);
}

}  // namespace signet::http
