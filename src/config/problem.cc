#include "config/problem.h"

#include <algorithm>

#include "base/text.h"

namespace signet::config {
namespace {

// Paths hold names as they were written, and a name may hold anything: a line feed too.
std::string shown(const std::string& path) {
  const bool is_plain =
      std::all_of(path.begin(), path.end(), [](char c) { return c > 0x20 && c < 0x7F; });
  return is_plain ? path : signet::quoted(path, 200);
}

}  // namespace

std::string to_text(const Problem& problem) {
  std::string text = problem.place.source;
  if (problem.place.line > 0) text += ':' + std::to_string(problem.place.line);
  text += ": ";
  if (!problem.path.empty()) text += shown(problem.path) + ": ";
  text += problem.what;
  if (!problem.remedy.empty()) text += ", " + problem.remedy;
  return text;
}

std::string to_text(const Problems& problems) {
  std::string text;
  for (const auto& problem : problems)
    text += to_text(problem) + '\n';
  return text;
}

Error to_error(const Problems& problems) {
  std::string text = to_text(problems);
  if (!text.empty()) text.pop_back();
  return {Code::kConfig, "config_invalid", std::move(text)};
}

}  // namespace signet::config
