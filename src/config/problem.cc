#include "config/problem.h"

namespace signet::config {

std::string to_text(const Problem& problem) {
  std::string text = problem.place.source;
  if (problem.place.line > 0) text += ':' + std::to_string(problem.place.line);
  text += ": ";
  if (!problem.path.empty()) text += problem.path + ": ";
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
