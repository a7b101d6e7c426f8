#include "secrets/stores/filesystem/file_names.h"

#include <algorithm>

namespace signet::secrets {
namespace {

bool all_digits(std::string_view text) {
  return !text.empty() &&
         std::all_of(text.begin(), text.end(), [](char c) { return c >= '0' && c <= '9'; });
}

bool older(const VersionFile& a, const VersionFile& b) {
  if (a.version.empty() || b.version.empty()) return a.version.empty() && !b.version.empty();
  const auto number = [](std::string_view digits) {
    return digits.substr(std::min(digits.find_first_not_of('0'), digits.size()));
  };
  const std::string_view x = number(a.version);
  const std::string_view y = number(b.version);
  if (x.size() != y.size()) return x.size() < y.size();
  if (x != y) return x < y;
  return a.version.size() < b.version.size();
}

}  // namespace

FileNames::FileNames(std::string suffix, std::string version_suffix)
    : suffix_(std::move(suffix)), version_suffix_(std::move(version_suffix)) {}

std::optional<std::string_view> FileNames::without_suffix(std::string_view name) const {
  if (name.size() <= suffix_.size() || !name.ends_with(suffix_)) return std::nullopt;
  return name.substr(0, name.size() - suffix_.size());
}

std::vector<VersionFile> FileNames::versions(const SecretId& id,
                                             const std::vector<std::string>& names) const {
  std::vector<VersionFile> found;
  for (const std::string& name : names) {
    const auto stem = without_suffix(name);
    if (!stem || !stem->starts_with(id.str())) continue;
    std::string_view rest = stem->substr(id.str().size());
    if (rest.empty()) {
      found.push_back({name, {}});
      continue;
    }
    if (version_suffix_.empty() || !rest.starts_with(version_suffix_)) continue;
    rest.remove_prefix(version_suffix_.size());
    if (all_digits(rest)) found.push_back({name, std::string(rest)});
  }
  std::sort(found.begin(), found.end(), [](const auto& a, const auto& b) { return older(b, a); });
  return found;
}

std::optional<SecretId> FileNames::id_of(std::string_view name) const {
  const auto whole = without_suffix(name);
  if (!whole) return std::nullopt;
  std::string_view stem = *whole;
  if (!version_suffix_.empty()) {
    const std::size_t last = stem.find_last_not_of("0123456789");
    const std::string_view head = stem.substr(0, last == stem.npos ? 0 : last + 1);
    if (head.size() < stem.size() && head.size() > version_suffix_.size() &&
        head.ends_with(version_suffix_)) {
      stem = head.substr(0, head.size() - version_suffix_.size());
    }
  }
  auto id = SecretId::parse(stem);
  if (!id) return std::nullopt;
  return std::move(id).value();
}

bool FileNames::is_misnamed(std::string_view name) const {
  return !name.starts_with('.') && without_suffix(name) && !id_of(name);
}

}  // namespace signet::secrets
