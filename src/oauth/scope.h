#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "oauth/refusal.h"

namespace signet::oauth {

/// scope-token = 1*( %x21 / %x23-5B / %x5D-7E ) (RFC 6749 §3.3), at most 128 characters here.
bool is_scope_token(std::string_view text);

/// The scope to grant, space-separated in the order asked: `asked` must be within `allowed`;
/// nothing asked gives `defaults`. invalid_scope for syntax or anything beyond.
Answer<std::string> grant_scope(std::string_view asked, const std::vector<std::string>& allowed,
                                const std::vector<std::string>& defaults);

/// The same where everything may be asked: syntax alone, each once, `defaults` where nothing is
/// asked.
Answer<std::string> parse_scope(std::string_view asked, const std::vector<std::string>& defaults);

}  // namespace signet::oauth
