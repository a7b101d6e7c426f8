#include "http/address.h"

#include <arpa/inet.h>

#include <algorithm>
#include <array>
#include <string>

namespace signet::http {
namespace {

struct Network {
  std::array<std::uint8_t, 16> bytes;
  std::size_t bits;
};

// Not globally reachable, or not meant for one host (RFC 6890 and its registry).
constexpr Network kSpecialV4[] = {
    {{0}, 8},              // "this network"
    {{10}, 8},             // private
    {{100, 64}, 10},       // shared, behind carriers' NAT
    {{127}, 8},            // loopback
    {{169, 254}, 16},      // link-local, where clouds keep their metadata
    {{172, 16}, 12},       // private
    {{192, 0, 0}, 24},     // IETF protocol assignments
    {{192, 0, 2}, 24},     // documentation
    {{192, 88, 99}, 24},   // 6to4 relays
    {{192, 168}, 16},      // private
    {{198, 18}, 15},       // benchmarking
    {{198, 51, 100}, 24},  // documentation
    {{203, 0, 113}, 24},   // documentation
    {{224}, 4},            // multicast
    {{240}, 4},            // reserved, broadcast
};

// Everything unicast and global is in 2000::/3 (RFC 4291 §2.4): loopback, mapped, NAT64, unique
// local, link-local, site-local and multicast addresses are outside of it. What is special inside:
constexpr Network kGlobalV6 = {{0x20}, 3};
constexpr Network kSpecialV6[] = {
    {{0x20, 0x01, 0x00}, 23},        // IETF protocol assignments: Teredo, benchmarking, ORCHID
    {{0x20, 0x01, 0x0d, 0xb8}, 32},  // documentation
    {{0x20, 0x02}, 16},              // 6to4
    {{0x3f, 0xff, 0x00}, 20},        // documentation
};

bool is_in(ByteView address, const Network& network) {
  return is_in_network(address, ByteView(network.bytes.data(), address.size()), network.bits);
}

}  // namespace

std::optional<Bytes> parse_address(std::string_view text) {
  if (text.size() > 2 && text.front() == '[' && text.back() == ']') {
    text = text.substr(1, text.size() - 2);
    if (text.find(':') == std::string_view::npos) return std::nullopt;
  }
  if (text.find('\0') != std::string_view::npos) return std::nullopt;
  const std::string ended(text);
  const bool is_v6 = text.find(':') != std::string_view::npos;
  Bytes bytes(is_v6 ? 16 : 4);
  if (::inet_pton(is_v6 ? AF_INET6 : AF_INET, ended.c_str(), bytes.data()) != 1)
    return std::nullopt;
  return bytes;
}

bool is_in_network(ByteView address, ByteView network, std::size_t bits) {
  if (address.size() != network.size() || bits > address.size() * 8) return false;
  const std::size_t whole = bits / 8, rest = bits % 8;
  if (!std::equal(address.begin(), address.begin() + static_cast<std::ptrdiff_t>(whole),
                  network.begin()))
    return false;
  if (rest == 0) return true;
  return ((address[whole] ^ network[whole]) >> (8 - rest)) == 0;
}

bool is_public_address(ByteView address) {
  const auto is_special = [&](const Network& network) { return is_in(address, network); };
  if (address.size() == 4)
    return std::none_of(std::begin(kSpecialV4), std::end(kSpecialV4), is_special);
  if (address.size() == 16)
    return is_in(address, kGlobalV6) &&
           std::none_of(std::begin(kSpecialV6), std::end(kSpecialV6), is_special);
  return false;
}

}  // namespace signet::http
