#pragma once

#include <map>
#include <mutex>
#include <utility>
#include <vector>

#include "base/clock.h"
#include "base/strong.h"
#include "secrets/secret_id.h"

namespace signet::oauth {

/// Secret IDs that requests needed and that had no secret: for health, since an ID without one is
/// no fault until something needs it. Shared by all workers; touched by failures alone.
class NeededSecrets {
 public:
  struct Need {
    RealmName realm;
    secrets::SecretId id;
    Instant last;  ///< when a request needed it last
  };

  void note(const RealmName& realm, const secrets::SecretId& id, Instant now) {
    const std::lock_guard hold(mutex_);
    const auto key = std::pair(realm, id);
    if (needs_.size() < kMost || needs_.contains(key)) needs_[key] = now;
  }
  /// Forgets one that has a secret by now, or that nobody has needed for long.
  void forget(const RealmName& realm, const secrets::SecretId& id) {
    const std::lock_guard hold(mutex_);
    needs_.erase(std::pair(realm, id));
  }
  std::vector<Need> all() const {
    const std::lock_guard hold(mutex_);
    std::vector<Need> out;
    for (const auto& [key, last] : needs_)
      out.push_back({key.first, key.second, last});
    return out;
  }

 private:
  static constexpr std::size_t kMost = 100;
  mutable std::mutex mutex_;
  std::map<std::pair<RealmName, secrets::SecretId>, Instant> needs_;
};

}  // namespace signet::oauth
