#include "secrets/stores/warnings.h"

namespace signet::secrets {

void Warnings::set(const std::string& about, std::vector<std::string> sentences) {
  constexpr std::size_t kMost = 256;
  const std::lock_guard lock(mutex_);
  if (sentences.empty()) {
    by_alias_.erase(about);
  } else if (by_alias_.size() < kMost || by_alias_.contains(about)) {
    by_alias_[about] = std::move(sentences);
  }
}

std::vector<std::string> Warnings::all() const {
  const std::lock_guard lock(mutex_);
  std::vector<std::string> all;
  for (const auto& [about, sentences] : by_alias_) {
    all.insert(all.end(), sentences.begin(), sentences.end());
  }
  return all;
}

}  // namespace signet::secrets
