#pragma once

#include <atomic>
#include <cstdint>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <unordered_map>

namespace signet::oauth {

/// What happened to one resource server since this instance started; shared by its workers.
struct ResourceServerUse {
  std::atomic<std::uint64_t> issued{0};
  std::atomic<std::int64_t> last_issued{0};  ///< seconds since 1970; 0: never
};

/// The uses of all resource servers that were asked for. Looking one up takes a lock, counting does
/// not.
class ResourceServerUses {
 public:
  std::shared_ptr<ResourceServerUse> of(std::string_view realm, std::string_view name) {
    std::string key = key_of(realm, name);
    std::lock_guard hold(mutex_);
    auto& use = uses_[std::move(key)];
    if (!use) use = std::make_shared<ResourceServerUse>();
    return use;
  }
  /// Null for one that nobody asked a token for.
  std::shared_ptr<const ResourceServerUse> find(std::string_view realm,
                                                std::string_view name) const {
    const std::string key = key_of(realm, name);
    std::lock_guard hold(mutex_);
    const auto found = uses_.find(key);
    return found == uses_.end() ? nullptr : found->second;
  }

 private:
  static std::string key_of(std::string_view realm, std::string_view name) {
    std::string key(realm);
    key += '\0';
    key += name;
    return key;
  }

  mutable std::mutex mutex_;
  std::unordered_map<std::string, std::shared_ptr<ResourceServerUse>> uses_;
};

}  // namespace signet::oauth
