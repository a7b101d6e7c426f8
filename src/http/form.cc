#include "http/form.h"

#include <algorithm>

#include "base/base64.h"
#include "base/text.h"

namespace signet::http {
namespace {

int hex_digit(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return -1;
}

bool is_control(char c) {
  return static_cast<unsigned char>(c) < 0x20 || c == 0x7F;
}

// False on a bad escape, a raw control character or blank, NUL, or a result that is not UTF-8.
bool unescape(std::string_view text, bool plus_is_space, std::string& out) {
  out.reserve(text.size());
  for (std::size_t i = 0; i < text.size(); ++i) {
    char c = text[i];
    if (c == '%') {
      const int high = i + 2 < text.size() ? hex_digit(text[i + 1]) : -1;
      const int low = i + 2 < text.size() ? hex_digit(text[i + 2]) : -1;
      if (high < 0 || low < 0 || (high | low) == 0) return false;
      c = static_cast<char>(high * 16 + low);
      i += 2;
    } else if (c == '+' && plus_is_space) {
      c = ' ';
    } else if (is_control(c) || c == ' ') {
      return false;
    }
    out += c;
  }
  return is_utf8(out);
}

Error malformed() {
  return {Code::kInvalid, "form_malformed", "not well-formed form encoding"};
}

}  // namespace

Result<std::string> form_decode(std::string_view text) {
  std::string out;
  if (!unescape(text, true, out)) return malformed();
  return out;
}

Result<std::string> percent_decode(std::string_view text) {
  std::string out;
  if (!unescape(text, false, out)) {
    return Error{Code::kInvalid, "percent_malformed", "not well-formed percent-encoding"};
  }
  return out;
}

std::string form_encode(std::string_view text) {
  static constexpr char kHex[] = "0123456789ABCDEF";
  std::string out;
  out.reserve(text.size());
  for (const char c : text) {
    const auto octet = static_cast<unsigned char>(c);
    if ((c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '*' ||
        c == '-' || c == '.' || c == '_') {
      out += c;
    } else if (c == ' ') {
      out += '+';
    } else {
      out += '%';
      out += kHex[octet >> 4];
      out += kHex[octet & 15];
    }
  }
  return out;
}

Result<Form> Form::parse(std::string_view text, std::size_t max_fields) {
  Form form;
  while (!text.empty()) {
    const std::size_t end = std::min(text.find('&'), text.size());
    const std::string_view piece = text.substr(0, end);
    text.remove_prefix(std::min(end + 1, text.size()));
    if (piece.empty()) continue;
    if (form.fields_.size() == max_fields) {
      return Error{Code::kInvalid, "form_too_many_fields",
                   "more than " + std::to_string(max_fields) + " fields"};
    }
    const std::size_t equals = piece.find('=');
    TRY(std::string name, form_decode(piece.substr(0, equals)));
    std::string value;
    if (equals != std::string_view::npos) {
      TRY(value, form_decode(piece.substr(equals + 1)));
    }
    if (name.empty()) return malformed();
    form.fields_.emplace_back(std::move(name), std::move(value));
  }
  return form;
}

const std::string* Form::find(std::string_view name) const {
  const std::string* found = nullptr;
  for (const auto& [n, value] : fields_) {
    if (n != name) continue;
    if (found != nullptr) return nullptr;
    found = &value;
  }
  return found;
}

std::vector<std::string_view> Form::all(std::string_view name) const {
  std::vector<std::string_view> out;
  for (const auto& [n, value] : fields_) {
    if (n == name) out.emplace_back(value);
  }
  return out;
}

const std::string* Form::duplicate(const std::vector<std::string_view>& repeatable) const {
  for (std::size_t i = 1; i < fields_.size(); ++i) {
    const std::string& name = fields_[i].first;
    const bool may_repeat =
        std::find(repeatable.begin(), repeatable.end(), name) != repeatable.end();
    for (std::size_t j = 0; j < i && !may_repeat; ++j) {
      if (fields_[j].first == name) return &name;
    }
  }
  return nullptr;
}

std::string media_type(std::string_view content_type) {
  return to_lower(trim(content_type.substr(0, content_type.find(';'))));
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

Result<BasicCredentials> parse_basic(std::string_view text) {
  const Error refusal{Code::kInvalid, "basic_malformed", "not well-formed Basic credentials"};
  if (text.empty() || text.find_first_of(" \t\r\n") != std::string_view::npos) return refusal;
  auto decoded = base64::decode(text);
  if (!decoded) return refusal;
  const std::string_view pair = as_text(decoded->view());
  const std::size_t colon = pair.find(':');
  if (colon == std::string_view::npos) return refusal;
  auto user = form_decode(pair.substr(0, colon));
  auto password = form_decode(pair.substr(colon + 1));
  if (!user || !password) return refusal;
  return BasicCredentials{std::move(*user), std::move(*password)};
}

}  // namespace signet::http
