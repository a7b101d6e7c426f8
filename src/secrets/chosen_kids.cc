#include "secrets/chosen_kids.h"

#include <algorithm>

namespace signet::secrets {
namespace {

constexpr std::size_t kLongestChosenKid = 128;

std::string_view why_without_kid(const Secret& secret) {
  if (!secret.key) return "it is no key";
  if (secret.key->jwk().is_symmetric()) return "it is a symmetric key, which keeps its own kid";
  return {};
}

}  // namespace

std::string_view fault_of_kid(std::string_view kid) {
  if (kid.empty()) return "is empty";
  if (kid.size() > kLongestChosenKid) return "is longer than 128 characters";
  const bool is_visible = std::all_of(
      kid.begin(), kid.end(), [](char c) { return c > ' ' && c <= '~' && c != '"' && c != '\\'; });
  return is_visible ? std::string_view() : "holds something else than visible ASCII characters";
}

std::string_view why_unnamed(const std::vector<Secret>& answered) {
  if (answered.empty()) return "it is not there";
  if (answered.size() > 1) return "it is several keys, and one kid cannot name them";
  return why_without_kid(answered.front());
}

void ChosenKids::name(const Alias& alias, std::vector<Secret>& answered) const {
  if (by_alias_.empty() || answered.size() != 1) return;
  name(alias, answered.front());
}

void ChosenKids::name(const Alias& alias, Secret& answered) const {
  const auto chosen = by_alias_.find(alias);
  if (chosen == by_alias_.end() || !why_without_kid(answered).empty()) return;
  answered = answered.under_kid(chosen->second);
  answered.is_kid_chosen = true;
}

}  // namespace signet::secrets
