#pragma once
// IP addresses as bytes, and which of them are the public Internet.

#include <optional>
#include <string_view>

#include "base/bytes.h"

namespace signet::http {

/// The 4 or 16 bytes, in network order, of an address as a URL or a rule writes it: a dotted quad,
/// or IPv6 with or without brackets. No zone, no short or octal forms. Null for anything else.
std::optional<Bytes> parse_address(std::string_view text);

/// Whether the first `bits` of both are the same; false for addresses of different families.
bool is_in_network(ByteView address, ByteView network, std::size_t bits);

/// True for addresses that belong to the public Internet alone, by IANA's registries of special
/// purpose addresses (RFC 6890): not loopback, private, shared (CGNAT), link-local, multicast,
/// documentation, benchmarking or reserved; and none that carries another address inside (mapped,
/// NAT64, 6to4, Teredo), because what it leads to is not what it says. `address` has 4 or 16 bytes;
/// anything else is not public.
bool is_public_address(ByteView address);

}  // namespace signet::http
