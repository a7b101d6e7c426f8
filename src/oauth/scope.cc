#include "oauth/scope.h"

#include <algorithm>

#include "base/text.h"

namespace signet::oauth {

bool is_scope_token(std::string_view text) {
  return !text.empty() && text.size() <= 128 && std::all_of(text.begin(), text.end(), [](char c) {
    return c >= 0x21 && c <= 0x7E && c != '"' && c != '\\';
  });
}

Answer<std::string> grant_scope(std::string_view asked, const std::vector<std::string>& allowed,
                                const std::vector<std::string>& defaults) {
  TRY(std::string scope, parse_scope(asked, defaults));
  if (asked.empty()) return scope;
  for (const auto token : split(scope, ' ')) {
    if (std::find(allowed.begin(), allowed.end(), token) == allowed.end())
      return Refusal(OAuthError::kInvalidScope, "a scope was asked that this client may not have",
                     Error{Code::kDenied, "scope_not_allowed", quoted(token)});
  }
  return scope;
}

Answer<std::string> parse_scope(std::string_view asked, const std::vector<std::string>& defaults) {
  if (asked.empty()) return join(defaults, " ");
  std::vector<std::string> tokens;
  for (const auto token : split(asked, ' ')) {
    if (!is_scope_token(token)) return Refusal(OAuthError::kInvalidScope, "the scope is malformed");
    if (std::find(tokens.begin(), tokens.end(), token) == tokens.end()) tokens.emplace_back(token);
  }
  return join(tokens, " ");
}

}  // namespace signet::oauth
