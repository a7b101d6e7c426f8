#pragma once
// The little DER (X.690) that is quicker and safer to do by hand: fixed forms of a few fields.

#include <optional>

#include "base/bytes.h"

namespace signet::crypto {

inline constexpr std::uint8_t kDerInteger = 0x02;
inline constexpr std::uint8_t kDerBitString = 0x03;
inline constexpr std::uint8_t kDerOctetString = 0x04;
inline constexpr std::uint8_t kDerSequence = 0x30;

/// Writes from the end of a buffer towards its start, so that every length is known when it is
/// written. The buffer must be large enough; running out is reported by ok().
class DerWriter {
 public:
  explicit DerWriter(ByteSpan buffer) : buffer_(buffer), at_(buffer.size()) {}
  DerWriter& raw(ByteView bytes);
  /// A non-negative INTEGER from big-endian bytes, leading zeros dropped.
  DerWriter& integer(ByteView big_endian);
  /// Puts tag and length before everything that was written since `end` (an earlier position()).
  DerWriter& wrap(std::uint8_t tag, std::size_t end);
  std::size_t position() const { return at_; }
  bool ok() const { return ok_; }
  ByteView written() const { return buffer_.subspan(at_); }

 private:
  ByteSpan buffer_;
  std::size_t at_;
  bool ok_ = true;
};

/// Takes one element with that tag off the front of `input` and gives its content. Definite,
/// minimal lengths only.
std::optional<ByteView> der_take(ByteView& input, std::uint8_t tag);
/// An INTEGER that is minimal and not negative, as big-endian bytes without leading zeros.
std::optional<ByteView> der_take_unsigned(ByteView& input);
/// True if `input` is exactly one element with a tag of one byte.
bool der_is_one_element(ByteView input);

}  // namespace signet::crypto
