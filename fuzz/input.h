#pragma once
// How a target takes its input apart.

#include <cstdint>
#include <string_view>
#include <utility>

#include "base/bytes.h"

namespace fuzz {

/// For several parsers: the first byte chooses one, the rest is for it. An empty input is for none.
struct Chosen {
  Chosen(const std::uint8_t* data, std::size_t size) {
    if (size == 0) return;
    parser = data[0];
    rest = signet::as_text(signet::ByteView(data + 1, size - 1));
  }
  std::uint8_t parser = 0;
  std::string_view rest;
};

/// What stands before the first line feed, and what stands behind it: empty without one.
inline std::pair<std::string_view, std::string_view> cut_at_line(std::string_view text) {
  const std::size_t line = text.find('\n');
  if (line == text.npos) return {text, {}};
  return {text.substr(0, line), text.substr(line + 1)};
}

}  // namespace fuzz
