#include "cli/difference_report.h"

namespace signet::cli {

void DifferenceReport::line(const std::string& text) const {
  context_.print_line(printable(text));
}

void DifferenceReport::tell(char sign, const std::string& what) {
  ++count_;
  if (!context_.as_json()) return line(std::string(1, sign) + ' ' + what);
  json::Object one;
  one.set("difference", sign == '+' ? "create" : sign == '-' ? "delete" : "change");
  one.set("what", what);
  shown_.emplace_back(std::move(one));
}

void DifferenceReport::tell(const std::vector<Change>& changes) {
  json::Array list;
  for (const auto& change : changes) {
    if (!context_.as_json()) line("    " + to_text(change));
    json::Object one;
    one.set("setting", change.path);
    if (!change.from.empty()) one.set("from", change.from);
    if (!change.to.empty()) one.set("to", change.to);
    list.emplace_back(std::move(one));
  }
  if (context_.as_json()) shown_.back().if_object()->set("settings", std::move(list));
}

void DifferenceReport::tell(const std::vector<std::string>& steps) {
  json::Array list;
  for (const auto& step : steps) {
    if (!context_.as_json()) line("    " + step);
    list.emplace_back(step);
  }
  if (context_.as_json()) shown_.back().if_object()->set("steps", std::move(list));
}

}  // namespace signet::cli
