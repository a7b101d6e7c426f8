#include "secrets/stores/settings.h"

#include <algorithm>

#include "base/text.h"

namespace signet::secrets {

SettingNames joined(std::initializer_list<SettingNames> lists) {
  SettingNames all;
  for (const SettingNames& list : lists)
    all.insert(all.end(), list.begin(), list.end());
  return all;
}

SettingsReader::SettingsReader(const StoreName& store, const json::Object& settings,
                               const SettingNames& known)
    : store_(store), settings_(settings) {
  std::vector<std::string> names;
  for (const auto& [name, meaning] : known)
    names.emplace_back(name);
  for (const auto& [name, value] : settings) {
    if (std::find(names.begin(), names.end(), name) != names.end()) continue;
    const std::string near = nearest(name, names);
    complain("unknown setting " + quoted(name) +
             (near.empty()
                  ? (names.empty() ? ": there are none" : ": known are " + join(names, ", "))
                  : ", did you mean " + quoted(near) + "?"));
  }
}

void SettingsReader::complain(const std::string& what) {
  complaints_.push_back(what);
}

std::string SettingsReader::text(std::string_view name, std::string_view otherwise) {
  const json::Value* value = settings_.find(name);
  if (!value || value->is_null()) return std::string(otherwise);
  if (const std::string* text = value->if_string()) return *text;
  complain(quoted(name) + " must be a text");
  return std::string(otherwise);
}

std::string SettingsReader::required_text(std::string_view name) {
  const json::Value* value = settings_.find(name);
  std::string result = text(name);
  if (result.empty() && (!value || value->is_string() || value->is_null())) {
    complain(quoted(name) + " is required");
  }
  return result;
}

bool SettingsReader::flag(std::string_view name, bool otherwise) {
  const json::Value* value = settings_.find(name);
  if (!value || value->is_null()) return otherwise;
  if (const bool* flag = value->if_bool()) return *flag;
  complain(quoted(name) + " must be true or false");
  return otherwise;
}

std::int64_t SettingsReader::number(std::string_view name, std::int64_t otherwise,
                                    std::int64_t least, std::int64_t most) {
  const json::Value* value = settings_.find(name);
  if (!value || value->is_null()) return otherwise;
  const auto number = value->if_int();
  if (number && *number >= least && *number <= most) return *number;
  complain(quoted(name) + " must be a whole number from " + std::to_string(least) + " to " +
           std::to_string(most));
  return otherwise;
}

std::size_t SettingsReader::version_count() {
  return static_cast<std::size_t>(number("versions", 5, 1, 25));
}

std::optional<SecretId> SettingsReader::password_id(std::string_view name) {
  const std::string given = text(name);
  if (given.empty()) return std::nullopt;
  auto id = SecretId::parse(given);
  if (id) return std::move(id).value();
  // Not quoted: somebody may have put the password itself here.
  complain(quoted(name) +
           " must be a secret ID (letters, digits, inner periods), under which another store holds "
           "the password; never the password itself");
  return std::nullopt;
}

ValueFormat SettingsReader::value_format(std::string_view name, ValueFormat otherwise) {
  const auto format = parse_value_format(text(name, to_string(otherwise)));
  if (format) return *format;
  complain(format.error().detail);
  return otherwise;
}

FileRules SettingsReader::file_rules() {
  FileRules rules;
  rules.group_readable = flag("group_readable", false);
  rules.unsafe_permissions = flag("unsafe_permissions", false);
  return rules;
}

Status SettingsReader::done() const {
  if (complaints_.empty()) return Done{};
  return Error{Code::kConfig, "store_settings_invalid",
               "store " + quoted(store_.view()) + ": " + join(complaints_, "; ")};
}

}  // namespace signet::secrets
