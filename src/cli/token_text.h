#pragma once
// Tokens as text, and the keys that tell whether one is genuine.

#include "cli/context.h"
#include "jose/key.h"

namespace signet::cli {

/// "header", and "claims" where they can be read, of a compact token that nobody has verified.
/// "token_malformed".
Result<json::Object> unverified_token(std::string_view token);

/// The keys of a file (as key_file.h), or of the JWK set at a URL on this machine.
/// "file_unreadable", "key_file_empty", "unsafe_plain_http", "jwks_unavailable", and what the
/// reader says.
Result<std::vector<jose::KeyPtr>> read_key_set(const Context& context, const std::string& source);

}  // namespace signet::cli
