#pragma once
// Bounded raw DEFLATE decompression for `zip` (RFC 7516 §4.1.3).

#include "base/result.h"
#include "base/secret_bytes.h"

namespace signet::jose {

/// "jwe_inflate_limit" as soon as the output exceeds `max_size` bytes or `max_ratio` times the
/// input; decrypt_failed() for a stream that is broken, cut or followed by anything. Memory grows
/// with the output, never beyond the limit.
Result<SecretBytes> inflate_raw(ByteView compressed, std::size_t max_size, std::size_t max_ratio);

}  // namespace signet::jose
