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

Place place_of(const Places& places, std::string path) {
  while (true) {
    if (const auto found = places.find(path); found != places.end()) return found->second;
    const std::size_t cut = path.find_last_of(".[");
    if (cut == std::string::npos) {
      return places.empty() ? Place{} : Place{places.begin()->second.source, 0};
    }
    path.resize(cut);
  }
}

std::string to_text(const Problem& problem) {
  std::string text = problem.place.source;
  if (problem.place.line > 0) text += ':' + std::to_string(problem.place.line);
  if (!text.empty()) text += ": ";
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

Error at_setting(const Places& places, const std::string& path, Error why) {
  why.detail = to_text(Problem{place_of(places, path), path, std::move(why.detail), {}});
  return why;
}

}  // namespace signet::config
