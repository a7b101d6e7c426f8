#pragma once
// Parts of web addresses as settings hold them.

#include <string_view>

namespace signet::config {

/// Whether it may follow scheme and host: nothing, or ":" and a port from 1 to 65535.
bool is_port_part(std::string_view text);

/// An origin as browsers write it (RFC 6454 §6.2), in small letters: it is compared letter by
/// letter. "null" is none.
bool is_origin(std::string_view text);

}  // namespace signet::config
