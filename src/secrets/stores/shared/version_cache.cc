#include "secrets/stores/shared/version_cache.h"

namespace signet::secrets {
namespace {

// kInvalid: what the formats say of a value that is none.
bool is_of_this_version_alone(const Error& error) {
  return error.code == Code::kConfig || error.code == Code::kUnsupported ||
         error.code == Code::kInvalid;
}

}  // namespace

VersionCache::ByStamp VersionCache::known(const std::string& name) const {
  const std::lock_guard lock(mutex_);
  const auto found = kept_.find(name);
  return found == kept_.end() ? ByStamp() : found->second;
}

void VersionCache::keep(const std::string& name, ByStamp versions) {
  const std::lock_guard lock(mutex_);
  if (versions.empty()) {
    kept_.erase(name);
  } else {
    kept_[name] = std::move(versions);
  }
}

Task<VersionCache::Secrets> VersionCache::all(std::string name, std::vector<std::string> stamps,
                                              Read read) {
  ByStamp before = known(name);
  ByStamp listed;
  Secrets all;
  std::vector<std::string> complaints;
  std::optional<Error> failure;
  for (std::size_t at = 0; at < stamps.size(); ++at) {
    auto found = before.find(stamps[at]);
    if (found == before.end()) {
      Task<std::optional<Secrets>> reading = read(at);
      auto secrets = co_await std::move(reading);
      if (!secrets && !is_of_this_version_alone(secrets.error()))
        co_return std::move(secrets).error();
      if (!secrets) {
        complaints.push_back(secrets.error().detail);
        if (!failure) failure = std::move(secrets).error();
        continue;
      }
      if (!*secrets) continue;
      found = before.emplace(stamps[at], std::move(**secrets)).first;
    }
    listed.insert(*found);
    all.insert(all.end(), found->second.begin(), found->second.end());
  }
  keep(name, std::move(listed));
  warnings_.set(name, std::move(complaints));
  if (all.empty() && failure) co_return *failure;
  co_return all;
}

}  // namespace signet::secrets
