#include "http/cache.h"

#include "base/text.h"

namespace signet::http {
namespace {

std::string_view opaque(std::string_view tag) {
  if (tag.starts_with("W/")) tag.remove_prefix(2);
  return tag;
}

}  // namespace

bool etag_matches(std::string_view list, std::string_view etag) {
  if (trim(list) == "*") return true;
  for (;;) {
    while (!list.empty() && (list.front() == ' ' || list.front() == '\t' || list.front() == ',')) {
      list.remove_prefix(1);
    }
    const std::size_t open = list.starts_with("W/") ? 2 : 0;
    if (list.size() <= open || list[open] != '"') return false;
    const std::size_t close = list.find('"', open + 1);  // a comma may stand inside the quotes
    if (close == std::string_view::npos) return false;
    if (opaque(list.substr(0, close + 1)) == opaque(etag)) return true;
    list.remove_prefix(close + 1);
  }
}

}  // namespace signet::http
