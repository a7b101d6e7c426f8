#pragma once

#include <string_view>

namespace signet {

/// Whether the host, as URLs or addresses to listen at name it, is this machine itself: localhost,
/// ::1 with or without brackets, or an IPv4 address in dotted decimal under 127 (RFC 5735 §3).
/// "127.example.com" is a name like any other.
bool is_loopback(std::string_view host);

}  // namespace signet
