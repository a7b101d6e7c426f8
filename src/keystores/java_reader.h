#pragma once
// Big-endian fields off the front of bytes, as java.io.DataInput has them.

#include <optional>
#include <string>

#include "keystores/java_text.h"

namespace signet::keystores {

/// Reading past the end gives zeros and empty views from then on, and failed() tells.
class JavaReader {
 public:
  explicit JavaReader(ByteView bytes) : rest_(bytes) {}

  ByteView take(std::size_t size) {
    if (size > rest_.size()) {
      failed_ = true;
      rest_ = {};
      return {};
    }
    const ByteView taken = rest_.first(size);
    rest_ = rest_.subspan(size);
    return taken;
  }
  std::uint64_t number(std::size_t size) {
    std::uint64_t value = 0;
    for (const std::uint8_t byte : take(size))
      value = value << 8 | byte;
    return value;
  }
  std::uint8_t u8() { return static_cast<std::uint8_t>(number(1)); }
  std::uint16_t u16() { return static_cast<std::uint16_t>(number(2)); }
  std::uint32_t u32() { return static_cast<std::uint32_t>(number(4)); }
  std::uint64_t u64() { return number(8); }
  /// Two bytes of length, and as many of modified UTF-8.
  std::string text() {
    auto text = from_modified_utf8(take(u16()));
    if (!text) fail();
    return std::move(text).value_or(std::string());
  }

  void fail() {
    failed_ = true;
    rest_ = {};
  }
  bool failed() const { return failed_; }
  ByteView rest() const { return rest_; }

 private:
  ByteView rest_;
  bool failed_ = false;
};

}  // namespace signet::keystores
