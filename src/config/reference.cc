// The rows as text: the reference for people and the golden listing.

#include "base/text.h"
#include "config/schema.h"

namespace signet::config {
namespace {

std::string bounds(const Setting& row) {
  if (row.type == Type::kEnum) {
    std::vector<std::string> choices;
    for (const auto choice : row.choices)
      choices.push_back('`' + std::string(choice) + '`');
    return join(choices, ", ");
  }
  if (row.has_min() && row.has_max()) return row.written(row.min) + " to " + row.written(row.max);
  return {};
}

std::string details(const Setting& row) {
  std::string text(row.summary);
  if (row.is_required) text += " Required.";
  if (row.is_secret) text += " Secret: never shown.";
  return text;
}

}  // namespace

std::string settings_markdown() {
  std::string out = "| Setting | Type | Default | Bounds | Meaning |\n|---|---|---|---|---|\n";
  for (const auto& row : settings()) {
    out += "| `" + std::string(row.path) + "` | " + std::string(to_string(row.type)) + " | ";
    if (!row.fallback.empty()) out += '`' + std::string(row.fallback) + '`';
    out += " | " + bounds(row) + " | " + details(row) + " |\n";
  }
  return out;
}

std::string settings_listing() {
  std::string out;
  for (const auto& row : settings()) {
    out += row.path;
    out += " : " + std::string(to_string(row.type));
    if (!row.unit().empty()) out += " in " + std::string(row.unit());
    if (!row.fallback.empty()) out += " = " + std::string(row.fallback);
    if (const std::string range = bounds(row); !range.empty()) out += " (" + range + ')';
    if (row.level == Level::kRealm) out += " realm";
    if (row.is_required) out += " required";
    if (row.is_secret) out += " secret";
    out += '\n';
  }
  return out;
}

}  // namespace signet::config
