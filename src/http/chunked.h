#pragma once
// The chunked transfer coding (RFC 9112 §7.1), strict, decoded in place.

#include <cstddef>
#include <cstdint>

namespace signet::http {

/// Decodes a chunked body inside the buffer that it arrives in: data moves down over the framing.
/// Strict: CRLF only, at most 8 hexadecimal digits, extensions well-formed and at most
/// kMaxLine bytes a line, trailers well-formed (and dropped) within kMaxTrailers bytes in all.
class ChunkedDecoder {
 public:
  enum class State { kMore, kDone, kBad, kTooLarge };
  static constexpr std::size_t kMaxLine = 256;
  static constexpr std::size_t kMaxTrailers = 4096;
  /// Framing a sender may spend over the whole body: one-byte chunks are no reason to read for
  /// ever.
  static constexpr std::size_t kMaxFraming = 64 * 1024;

  explicit ChunkedDecoder(std::size_t max_body) : max_body_(max_body) {}

  /// `data[0, body_size())` is decoded; `data[body_size(), size)` is raw. Decodes what it can and
  /// moves the rest down; the new size is written to `size`.
  State decode(char* data, std::size_t& size);
  /// Bytes of the body decoded so far. After kDone what follows them belongs to the next request.
  std::size_t body_size() const { return body_; }

 private:
  enum class Phase { kSize, kData, kDataEnd, kTrailer };
  State line(const char* text, std::size_t size);

  std::size_t max_body_;
  std::size_t body_ = 0;
  std::size_t left_ = 0;     // of the chunk
  std::size_t framing_ = 0;  // spent
  std::size_t trailers_ = 0;
  Phase phase_ = Phase::kSize;
};

}  // namespace signet::http
