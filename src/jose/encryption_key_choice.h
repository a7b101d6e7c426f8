#pragma once
// Which key of a recipient's JWKS a token is encrypted with.

#include <span>

#include "base/clock.h"
#include "jose/key.h"

namespace signet::jose {

/// The first key of the set that may encrypt by `alg`/`enc`: kind, curve and size fit; `use` is enc
/// or absent; `key_ops` absent or holds encrypt/wrapKey/deriveKey/deriveBits; its `alg` equals, or
/// is absent (keys that name the algorithm come first); its certificates (x5c), if any, are valid
/// at `now`; `kid` equal where one is asked for (not empty). "encryption_key_missing" with words
/// that say, per key (kid), why it was passed over.
Result<KeyPtr> choose_encryption_key(std::span<const KeyPtr> keys, JweAlg alg, JweEnc enc,
                                     std::string_view kid, Instant now);

}  // namespace signet::jose
