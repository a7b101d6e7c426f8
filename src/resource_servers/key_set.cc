#include "resource_servers/key_set.h"

#include <algorithm>
#include <cmath>
#include <cstdlib>

#include "base/text.h"

namespace signet::resource_servers {
namespace {

bool is_printable_ascii(std::string_view text) {
  return std::all_of(text.begin(), text.end(), [](char c) { return c >= 0x20 && c < 0x7F; });
}

Status check_key(const jose::Jwk& key) {
  const std::string shown = quoted(key.kid());
  if (!is_printable_ascii(key.kid()))
    return Error{Code::kInvalid, "key_set_kid_malformed",
                 "the kid " + shown + " is not printable ASCII"};
  if (is_reserved_kid(key.kid()))
    return Error{Code::kInvalid, "key_set_reserved_kid",
                 "the kid " + shown + " is one of 0 to 10, which name the server's own keys"};
  if (key.is_private() && !key.is_symmetric())
    return Error{Code::kInvalid, "key_set_private",
                 "the key " + shown + " is a private one; give its public half only"};
  return Done{};
}

}  // namespace

bool is_reserved_kid(std::string_view kid) {
  const std::string text(trim(kid));
  if (text.empty() || text.size() > 64) return false;
  // strtod reads every spelling of a number that libraries are known to accept: signs, leading
  // zeros, hexadecimal, fractions, exponents.
  char* end = nullptr;
  const double number = std::strtod(text.c_str(), &end);
  return end == text.c_str() + text.size() && number >= 0 && number <= 10 &&
         number == std::floor(number);
}

Result<std::vector<jose::Jwk>> parse_key_set(std::string_view text) {
  TRY(auto set, jose::JwkSet::parse(text));
  if (!set.skipped.empty()) return std::move(set.skipped.front());
  if (set.keys.empty()) return Error{Code::kInvalid, "key_set_empty", "the key set holds no key"};
  for (const auto& key : set.keys) {
    TRY(check_key(key));
  }
  return std::move(set.keys);
}

}  // namespace signet::resource_servers
