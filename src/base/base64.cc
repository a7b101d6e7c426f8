#include "base/base64.h"

#include <array>
#include <cstdint>

namespace signet::base64 {
namespace {

constexpr char kUrl[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
constexpr char kStd[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
constexpr std::uint8_t kBad = 0xFF;

constexpr std::array<std::uint8_t, 256> reverse(const char* alphabet) {
  std::array<std::uint8_t, 256> table{};
  table.fill(kBad);
  for (std::uint8_t i = 0; i < 64; ++i)
    table[static_cast<std::uint8_t>(alphabet[i])] = i;
  return table;
}
constexpr auto kUrlReverse = reverse(kUrl);
constexpr auto kStdReverse = reverse(kStd);

char* write_groups(char* out, ByteView bytes, const char* alphabet) {
  std::size_t i = 0;
  for (; i + 3 <= bytes.size(); i += 3) {
    const std::uint32_t v = static_cast<std::uint32_t>(bytes[i]) << 16 |
                            static_cast<std::uint32_t>(bytes[i + 1]) << 8 | bytes[i + 2];
    *out++ = alphabet[v >> 18];
    *out++ = alphabet[(v >> 12) & 63];
    *out++ = alphabet[(v >> 6) & 63];
    *out++ = alphabet[v & 63];
  }
  const std::size_t rest = bytes.size() - i;
  if (rest == 1) {
    *out++ = alphabet[bytes[i] >> 2];
    *out++ = alphabet[(bytes[i] & 3) << 4];
  } else if (rest == 2) {
    *out++ = alphabet[bytes[i] >> 2];
    *out++ = alphabet[(bytes[i] & 3) << 4 | bytes[i + 1] >> 4];
    *out++ = alphabet[(bytes[i + 1] & 15) << 2];
  }
  return out;
}

}  // namespace

char* url_write(char* out, ByteView bytes) {
  return write_groups(out, bytes, kUrl);
}

void url_append(std::string& out, ByteView bytes) {
  const std::size_t at = out.size();
  out.resize(at + url_size(bytes.size()));
  write_groups(out.data() + at, bytes, kUrl);
}

std::string url_encode(ByteView bytes) {
  std::string out;
  url_append(out, bytes);
  return out;
}

std::size_t url_decode_into(std::string_view text, std::uint8_t* out) {
  const std::size_t rest = text.size() % 4;
  if (rest == 1) return SIZE_MAX;
  const auto* in = reinterpret_cast<const std::uint8_t*>(text.data());
  std::uint8_t* const begin = out;
  const std::uint8_t* const full = in + (text.size() - rest);
  for (; in != full; in += 4) {
    const std::uint8_t a = kUrlReverse[in[0]], b = kUrlReverse[in[1]], c = kUrlReverse[in[2]],
                       d = kUrlReverse[in[3]];
    if ((a | b | c | d) & 0x80) return SIZE_MAX;
    *out++ = static_cast<std::uint8_t>(a << 2 | b >> 4);
    *out++ = static_cast<std::uint8_t>(b << 4 | c >> 2);
    *out++ = static_cast<std::uint8_t>(c << 6 | d);
  }
  if (rest >= 2) {
    const std::uint8_t a = kUrlReverse[in[0]], b = kUrlReverse[in[1]];
    const std::uint8_t c = rest == 3 ? kUrlReverse[in[2]] : std::uint8_t{0};
    if ((a | b | c) & 0x80) return SIZE_MAX;
    if (rest == 2 ? (b & 15) != 0 : (c & 3) != 0) return SIZE_MAX;  // trailing bits
    *out++ = static_cast<std::uint8_t>(a << 2 | b >> 4);
    if (rest == 3) *out++ = static_cast<std::uint8_t>(b << 4 | c >> 2);
  }
  return static_cast<std::size_t>(out - begin);
}

Result<Bytes> url_decode(std::string_view text) {
  Bytes out(text.size() * 3 / 4 + 3);
  const std::size_t size = url_decode_into(text, out.data());
  if (size == SIZE_MAX) return Error{Code::kInvalid, "base64url_invalid", "not strict base64url"};
  out.resize(size);
  return out;
}

std::string encode(ByteView bytes) {
  std::string out((bytes.size() + 2) / 3 * 4, '=');
  write_groups(out.data(), bytes, kStd);
  return out;
}

Result<SecretBytes> decode(std::string_view text) {
  const Error bad{Code::kInvalid, "base64_invalid", "not base64"};
  SecretBytes out(text.size() * 3 / 4 + 3);
  std::size_t size = 0, digits = 0, padding = 0;
  std::uint32_t group = 0;
  for (const char c : text) {
    if (c == ' ' || c == '\n' || c == '\r' || c == '\t') continue;
    if (c == '=') {
      ++padding;
      continue;
    }
    const std::uint8_t v = kStdReverse[static_cast<std::uint8_t>(c)];
    if (v == kBad || padding) return bad;
    group = group << 6 | v;
    if (++digits % 4 == 0) {
      out.span()[size++] = static_cast<std::uint8_t>(group >> 16);
      out.span()[size++] = static_cast<std::uint8_t>(group >> 8);
      out.span()[size++] = static_cast<std::uint8_t>(group);
      group = 0;
    }
  }
  const std::size_t rest = digits % 4;
  if (rest == 1 || padding > 2 || (padding && rest + padding != 4)) return bad;
  if (rest == 2) {
    if (group & 15) return bad;
    out.span()[size++] = static_cast<std::uint8_t>(group >> 4);
  } else if (rest == 3) {
    if (group & 3) return bad;
    out.span()[size++] = static_cast<std::uint8_t>(group >> 10);
    out.span()[size++] = static_cast<std::uint8_t>(group >> 2);
  }
  out.truncate(size);
  return out;
}

}  // namespace signet::base64
