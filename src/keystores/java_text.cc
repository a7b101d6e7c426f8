#include "keystores/java_text.h"

#include "base/text.h"

namespace signet::keystores {
namespace {

constexpr std::uint32_t kFirstSupplementary = 0x10000;

void put_unit(SecretBytes& out, std::size_t& size, std::uint32_t unit) {
  out.span()[size++] = static_cast<std::uint8_t>(unit >> 8);
  out.span()[size++] = static_cast<std::uint8_t>(unit);
}

// Bytes of a sequence that starts with `first`, in UTF-8 that was checked.
std::size_t sequence_size(std::uint8_t first) {
  if (first < 0x80) return 1;
  if (first < 0xe0) return 2;
  return first < 0xf0 ? 3 : 4;
}

void append_utf8(std::string& out, std::uint32_t code) {
  const auto put = [&](std::uint32_t byte) { out.push_back(static_cast<char>(byte)); };
  const auto tail = [&](int shift) { put(0x80 | (code >> shift & 0x3f)); };
  if (code < 0x80) {
    put(code);
  } else if (code < 0x800) {
    put(0xc0 | code >> 6);
    tail(0);
  } else if (code < kFirstSupplementary) {
    put(0xe0 | code >> 12);
    tail(6);
    tail(0);
  } else {
    put(0xf0 | code >> 18);
    tail(12);
    tail(6);
    tail(0);
  }
}

// One UTF-16 unit off the front of modified UTF-8.
std::optional<std::uint32_t> take_unit(ByteView& bytes) {
  const std::uint8_t first = bytes[0];
  const std::size_t size = first < 0x80             ? 1
                           : (first & 0xe0) == 0xc0 ? 2
                           : (first & 0xf0) == 0xe0 ? 3
                                                    : 0;
  if (size == 0 || bytes.size() < size) return std::nullopt;
  std::uint32_t unit = size == 1 ? first : size == 2 ? first & 0x1f : first & 0x0f;
  for (std::size_t i = 1; i < size; ++i) {
    if ((bytes[i] & 0xc0) != 0x80) return std::nullopt;
    unit = unit << 6 | (bytes[i] & 0x3f);
  }
  const bool is_overlong = (size == 2 && unit < 0x80 && unit != 0) || (size == 3 && unit < 0x800);
  if (is_overlong) return std::nullopt;
  bytes = bytes.subspan(size);
  return unit;
}

}  // namespace

std::optional<SecretBytes> java_characters(ByteView utf8) {
  if (!is_utf8(as_text(utf8))) return std::nullopt;
  SecretBytes out(2 * utf8.size());
  std::size_t size = 0;
  for (std::size_t at = 0; at < utf8.size();) {
    const std::size_t length = sequence_size(utf8[at]);
    std::uint32_t code = length == 1 ? utf8[at] : utf8[at] & (0xff >> (length + 1));
    for (std::size_t i = 1; i < length; ++i)
      code = code << 6 | (utf8[at + i] & 0x3f);
    at += length;
    if (code < kFirstSupplementary) {
      put_unit(out, size, code);
    } else {
      put_unit(out, size, 0xd800 + ((code - kFirstSupplementary) >> 10));
      put_unit(out, size, 0xdc00 + ((code - kFirstSupplementary) & 0x3ff));
    }
  }
  out.truncate(size);
  return out;
}

std::optional<std::string> from_modified_utf8(ByteView bytes) {
  std::string out;
  out.reserve(bytes.size());
  while (!bytes.empty()) {
    const auto unit = take_unit(bytes);
    if (!unit || (*unit >= 0xdc00 && *unit < 0xe000)) return std::nullopt;
    std::uint32_t code = *unit;
    if (code >= 0xd800 && code < 0xdc00) {
      const auto low = bytes.empty() ? std::nullopt : take_unit(bytes);
      if (!low || *low < 0xdc00 || *low >= 0xe000) return std::nullopt;
      code = kFirstSupplementary + ((code - 0xd800) << 10) + (*low - 0xdc00);
    }
    append_utf8(out, code);
  }
  return out;
}

}  // namespace signet::keystores
