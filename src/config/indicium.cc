#include "config/indicium.h"

#include <algorithm>

#include "base/text.h"

namespace signet::config {
namespace {

constexpr std::string_view kSettings = "OpenIDServerSigningSettings";

// The end of the string that starts at `at`, one past its closing quote.
std::size_t end_of_string(std::string_view text, std::size_t at) {
  for (++at; at < text.size() && text[at] != '"'; ++at) {
    if (text[at] == '\\') ++at;
  }
  return std::min(at + 1, text.size());
}

void blank(std::string& text, std::size_t from, std::size_t to) {
  for (std::size_t i = from; i < to && i < text.size(); ++i) {
    if (text[i] != '\n') text[i] = ' ';
  }
}

}  // namespace

bool is_appsettings_name(std::string_view filename) {
  const std::string name = to_lower(filename.substr(filename.find_last_of("/\\") + 1));
  return name.starts_with("appsettings") && name.ends_with(".json");
}

std::string without_json_extras(std::string_view text) {
  std::string out(text);
  std::size_t comma = std::string::npos;  // a comma with nothing after it so far
  for (std::size_t i = 0; i < out.size();) {
    const std::string_view rest = std::string_view(out).substr(i);
    if (rest.front() == '"') {
      i = end_of_string(out, i);
      comma = std::string::npos;
    } else if (rest.starts_with("//") || rest.starts_with("/*")) {
      const bool is_line = rest[1] == '/';
      const std::size_t end = out.find(is_line ? "\n" : "*/", i + 2);
      const std::size_t stop = end == std::string::npos ? out.size() : end + (is_line ? 0 : 2);
      blank(out, i, stop);
      i = stop;
    } else {
      const char c = out[i];
      if ((c == '}' || c == ']') && comma != std::string::npos) out[comma] = ' ';
      if (c == ',') {
        comma = i;
      } else if (c != ' ' && c != '\t' && c != '\r' && c != '\n') {
        comma = std::string::npos;
      }
      ++i;
    }
  }
  return out;
}

void keep_signing_settings(Document& document) {
  auto& members = document.root.children;
  const auto is_ours = [](const Node& node) { return equal_ignoring_case(node.name, kSettings); };
  if (std::none_of(members.begin(), members.end(), is_ours)) return;
  std::erase_if(members, [&](const Node& node) { return !is_ours(node); });
}

}  // namespace signet::config
