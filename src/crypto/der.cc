#include "crypto/der.h"

#include <cstring>

namespace signet::crypto {
namespace {

struct Header {
  std::uint8_t tag;
  std::size_t header, content;
};

std::optional<Header> read_header(ByteView input) {
  if (input.size() < 2 || (input[0] & 0x1f) == 0x1f) return std::nullopt;
  if (input[1] < 0x80) return Header{input[0], 2, input[1]};
  const std::size_t count = input[1] & 0x7f;
  if (count == 0 || count > 4 || input.size() < 2 + count || input[2] == 0) return std::nullopt;
  std::size_t length = 0;
  for (std::size_t i = 0; i < count; ++i)
    length = length << 8 | input[2 + i];
  if (length < 0x80) return std::nullopt;
  return Header{input[0], 2 + count, length};
}

}  // namespace

DerWriter& DerWriter::raw(ByteView bytes) {
  if (bytes.size() > at_) {
    ok_ = false;
    return *this;
  }
  at_ -= bytes.size();
  if (!bytes.empty()) std::memcpy(buffer_.data() + at_, bytes.data(), bytes.size());
  return *this;
}

DerWriter& DerWriter::integer(ByteView big_endian) {
  while (!big_endian.empty() && big_endian[0] == 0)
    big_endian = big_endian.subspan(1);
  const std::size_t end = at_;
  raw(big_endian);
  if (big_endian.empty() || big_endian[0] >= 0x80) {
    const std::uint8_t zero = 0;
    raw({&zero, 1});
  }
  return wrap(kDerInteger, end);
}

DerWriter& DerWriter::wrap(std::uint8_t tag, std::size_t end) {
  std::size_t length = end - at_;
  std::uint8_t header[6];
  std::size_t size = sizeof header;
  if (length < 0x80) {
    header[--size] = static_cast<std::uint8_t>(length);
  } else {
    std::uint8_t count = 0;
    for (; length; length >>= 8, ++count)
      header[--size] = static_cast<std::uint8_t>(length);
    header[--size] = 0x80 | count;
  }
  header[--size] = tag;
  return raw({header + size, sizeof header - size});
}

std::optional<ByteView> der_take(ByteView& input, std::uint8_t tag) {
  const auto header = read_header(input);
  if (!header || header->tag != tag || header->content > input.size() - header->header) {
    return std::nullopt;
  }
  const ByteView content = input.subspan(header->header, header->content);
  input = input.subspan(header->header + header->content);
  return content;
}

std::optional<ByteView> der_take_unsigned(ByteView& input) {
  auto content = der_take(input, kDerInteger);
  if (!content || content->empty() || (*content)[0] >= 0x80) return std::nullopt;
  if ((*content)[0] != 0) return content;
  if (content->size() > 1 && (*content)[1] < 0x80) return std::nullopt;
  return content->subspan(1);
}

bool der_is_one_element(ByteView input) {
  const auto header = read_header(input);
  return header && header->content == input.size() - header->header;
}

}  // namespace signet::crypto
