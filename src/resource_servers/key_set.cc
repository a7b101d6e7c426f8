#include "resource_servers/key_set.h"

#include <algorithm>
#include <cctype>
#include <charconv>
#include <cmath>
#include <cstdlib>
#include <optional>

#include "base/text.h"

namespace signet::resource_servers {
namespace {

bool is_printable_ascii(std::string_view text) {
  return std::all_of(text.begin(), text.end(), [](char c) { return c >= 0x20 && c < 0x7F; });
}

// "1_0" is ten to Python, Go and others, and so are "0x_a" and "0x0_A".
std::string without_separators(std::string_view text) {
  const auto is_inner = [&](std::size_t at) {
    return at < text.size() && std::isalnum(static_cast<unsigned char>(text[at])) != 0;
  };
  std::string out;
  for (std::size_t i = 0; i < text.size(); ++i)
    if (text[i] != '_' || i == 0 || !is_inner(i - 1) || !is_inner(i + 1)) out += text[i];
  return out;
}

std::optional<std::uint64_t> number_in_base(std::string_view digits, int base) {
  std::uint64_t value = 0;
  const auto [end, error] =
      std::from_chars(digits.data(), digits.data() + digits.size(), value, base);
  if (error != std::errc() || end != digits.data() + digits.size()) return std::nullopt;
  return value;
}

// "0b111" and "0o7" are seven to Python, Go and JavaScript, "0d7" to Ruby, and "012" is ten to
// whoever reads as C does: YAML 1.1, PHP, Ruby, Go. Nothing for other spellings.
std::optional<std::uint64_t> number_by_prefix(std::string_view text) {
  const bool is_negative = text.starts_with('-');
  if (is_negative || text.starts_with('+')) text.remove_prefix(1);
  if (text.size() < 2 || text.front() != '0') return std::nullopt;
  std::optional<std::uint64_t> value;
  switch (text[1]) {
    case 'b':
    case 'B':
      value = number_in_base(text.substr(2), 2);
      break;
    case 'o':
    case 'O':
      value = number_in_base(text.substr(2), 8);
      break;
    case 'd':
    case 'D':
      value = number_in_base(text.substr(2), 10);
      break;
    default:
      value = number_in_base(text.substr(1), 8);
  }
  if (value && *value > 0 && is_negative) return std::nullopt;
  return value;
}

Error reserved_kid(const std::string& shown) {
  return {Code::kInvalid, "key_set_reserved_kid",
          "the kid " + shown + " is one of 0 to 10, which name the server's own keys"};
}

Error private_key(const std::string& shown) {
  return {Code::kInvalid, "key_set_private",
          "the key " + shown + " is a private one; give its public half only"};
}

// It is never used, but the set is not one that we take, and what is inline is stored and shown.
Status check_unsupported(const jose::JwkSet::Unsupported& key) {
  if (is_reserved_kid(key.kid)) return reserved_kid(quoted(key.kid));
  if (key.is_private_half) return private_key(quoted(key.kid));
  return Done{};
}

Status check_key(const jose::Jwk& key) {
  const std::string shown = quoted(key.kid());
  if (!is_printable_ascii(key.kid()))
    return Error{Code::kInvalid, "key_set_kid_malformed",
                 "the kid " + shown + " is not printable ASCII"};
  if (is_reserved_kid(key.kid())) return reserved_kid(shown);
  if (key.is_private() && !key.is_symmetric()) return private_key(shown);
  return Done{};
}

constexpr std::size_t kMostInWords = 5;

// One key that must not be used refuses its set: who publishes it may believe that it is used. All
// of them are named at once.
Error broken_keys(std::vector<Error> broken) {
  Error out = std::move(broken.front());
  for (std::size_t i = 1; i < std::min(broken.size(), kMostInWords); ++i)
    out.detail += "; " + broken[i].detail;
  if (broken.size() > kMostInWords)
    out.detail += "; and " + std::to_string(broken.size() - kMostInWords) + " more";
  return out;
}

Error no_key(const std::vector<jose::JwkSet::Unsupported>& passed_over) {
  Error out{Code::kInvalid, "key_set_empty", "the key set holds no key"};
  if (passed_over.empty()) return out;
  out.detail += " that can be used";
  for (std::size_t i = 0; i < std::min(passed_over.size(), kMostInWords); ++i)
    out.detail += "; " + passed_over[i].why;
  return out;
}

}  // namespace

bool is_reserved_kid(std::string_view kid) {
  const std::string text = without_separators(trim(kid));
  if (text.empty()) return false;
  if (const auto value = number_by_prefix(text); value && *value <= 10) return true;
  // What is octal to one reader is decimal to the next. strtod reads every spelling of a number
  // that libraries are known to accept: signs, leading zeros, hexadecimal, fractions, exponents.
  char* end = nullptr;
  const double number = std::strtod(text.c_str(), &end);
  return end == text.c_str() + text.size() && number >= 0 && number <= 10 &&
         number == std::floor(number);
}

Result<std::vector<jose::Jwk>> parse_key_set(std::string_view text) {
  TRY(auto set, jose::JwkSet::parse(text));
  if (!set.skipped.empty()) return broken_keys(std::move(set.skipped));
  for (const auto& key : set.unsupported) {
    TRY(check_unsupported(key));
  }
  if (set.keys.empty()) return no_key(set.unsupported);
  for (const auto& key : set.keys) {
    TRY(check_key(key));
  }
  return std::move(set.keys);
}

}  // namespace signet::resource_servers
