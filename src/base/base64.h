#pragma once
// RFC 4648: base64url without padding for JOSE (strict), and standard base64 for everything else.

#include <cstddef>
#include <string>
#include <string_view>

#include "base/bytes.h"
#include "base/result.h"
#include "base/secret_bytes.h"

namespace signet::base64 {

/// Characters that `size` bytes take in base64url without padding.
constexpr std::size_t url_size(std::size_t size) {
  return (size * 4 + 2) / 3;
}

/// Appends base64url without padding (RFC 7515 §2).
void url_append(std::string& out, ByteView bytes);
/// Writes url_size(bytes.size()) characters to `out`; returns the end.
char* url_write(char* out, ByteView bytes);
std::string url_encode(ByteView bytes);

/// Strict: refuses padding, white space, `+` and `/`, a length of 1 mod 4 and trailing bits that
/// are not zero (one text per value). reason "base64url_invalid".
Result<Bytes> url_decode(std::string_view text);
/// The same into a buffer of at least text.size() * 3 / 4 bytes; the count of bytes, or SIZE_MAX.
std::size_t url_decode_into(std::string_view text, std::uint8_t* out);

/// Standard alphabet with padding.
std::string encode(ByteView bytes);
/// Standard alphabet; padding may be missing, white space between is skipped (PEM, files).
/// Trailing bits that are not zero are refused. reason "base64_invalid".
Result<SecretBytes> decode(std::string_view text);

}  // namespace signet::base64
