#include "config/web_address.h"

#include <algorithm>
#include <charconv>

namespace signet::config {

bool is_port_part(std::string_view text) {
  if (text.empty()) return true;
  int port = 0;
  const char* end = text.data() + text.size();
  const auto read = std::from_chars(text.data() + 1, end, port);
  return text.front() == ':' && read.ec == std::errc() && read.ptr == end && port > 0 &&
         port <= 65535;
}

bool is_origin(std::string_view text) {
  const std::size_t scheme = text.find("://");
  if (scheme == 0 || scheme == std::string_view::npos) return false;
  const std::string_view rest = text.substr(scheme + 3);
  return !rest.empty() && rest.find_first_of("/?#@") == std::string_view::npos &&
         std::all_of(text.begin(), text.end(),
                     [](char c) { return c > 0x20 && c < 0x7F && !(c >= 'A' && c <= 'Z'); });
}

}  // namespace signet::config
