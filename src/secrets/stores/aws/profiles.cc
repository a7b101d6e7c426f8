#include "secrets/stores/aws/profiles.h"

#include <optional>

#include "base/text.h"

namespace signet::secrets::aws {
namespace {

bool is_blank(char c) {
  return c == ' ' || c == '\t';
}

std::string_view without_comment(std::string_view value) {
  for (std::size_t i = 1; i < value.size(); ++i) {
    if ((value[i] == '#' || value[i] == ';') && is_blank(value[i - 1])) return value.substr(0, i);
  }
  return value;
}

/// The profile that a section header opens: "" for a section that is none, nothing if malformed.
std::optional<std::string> opened_by(std::string_view line, ProfileFile kind) {
  const std::size_t end = line.find(']');
  if (end == line.npos) return std::nullopt;
  const std::string_view name = trim(line.substr(1, end - 1));
  if (kind == ProfileFile::kCredentials || name == "default") return std::string(name);
  constexpr std::string_view kPrefix = "profile";
  if (!name.starts_with(kPrefix) || name.size() == kPrefix.size() ||
      !is_blank(name[kPrefix.size()])) {
    return std::string();
  }
  return std::string(trim(name.substr(kPrefix.size())));
}

Error malformed_profile(std::size_t number, const char* why) {
  return Error{Code::kConfig, "aws_profile_malformed",
               "line " + std::to_string(number) + " of an AWS profile file " + why};
}

}  // namespace

Status add_profiles(std::string_view text, ProfileFile kind, Profiles& profiles) {
  Profiles read;
  std::string section;
  std::size_t number = 0;
  for (const std::string_view line : split(text, '\n')) {
    ++number;
    const std::string_view content = trim(line);
    if (content.empty() || content.front() == '#' || content.front() == ';') continue;
    if (is_blank(line.front())) continue;
    if (content.front() == '[') {
      auto opened = opened_by(content, kind);
      if (!opened) return malformed_profile(number, "opens a section without closing its bracket");
      section = std::move(*opened);
      if (!section.empty()) read.try_emplace(section);
      continue;
    }
    const std::size_t equals = content.find('=');
    if (equals == content.npos)
      return malformed_profile(number, "is neither a section nor a setting");
    if (section.empty()) continue;
    read[section].insert_or_assign(to_lower(trim(content.substr(0, equals))),
                                   std::string(trim(without_comment(content.substr(equals + 1)))));
  }
  for (auto& [name, profile] : read) {
    Profile& mine = profiles[name];
    mine.merge(profile);
  }
  return Done{};
}

}  // namespace signet::secrets::aws
