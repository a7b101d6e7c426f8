#pragma once
// Which keys of a resource server may be used at all, whether they are written down here or come
// from a URL.

#include <string_view>
#include <vector>

#include "jose/jwk.h"

namespace signet::resource_servers {

/// True for "0" to "10" however a reader might spell them ("07", "+7", "0x7", "0b111", "0o7",
/// "0d7", "7.0", "1e1", "1_0", " 7 ", behind any number of zeros, and "011" and "012", which are
/// octal to some): such kids belong to the server's own keys.
bool is_reserved_kid(std::string_view kid);

/// A JWKS of a resource server: public keys, and symmetric ones that it shares with us.
/// What is no JWKS, or holds a broken or weak key, fails as jose::JwkSet says ("json_...",
/// "jwks_...", "jwk_...", "rsa_..."): one such key refuses the set, and every one is named by its
/// place, kid and fault. Further "key_set_empty", "key_set_private" (a private key: we must not
/// have it), "key_set_reserved_kid" (both also of keys of unknown kinds, which are passed over
/// otherwise), "key_set_kid_malformed" (a kid that is not printable ASCII).
Result<std::vector<jose::Jwk>> parse_key_set(std::string_view text);

}  // namespace signet::resource_servers
