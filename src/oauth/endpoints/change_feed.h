#pragma once

#include <atomic>
#include <cstdint>
#include <deque>
#include <mutex>
#include <new>
#include <optional>
#include <string>
#include <vector>

#include "base/strong.h"

namespace signet::oauth {

/// Tells the workers' caches what administration changed. Looking whether anything did is one
/// relaxed load; the changes themselves are read under a lock, rarely.
class ChangeFeed {
 public:
  struct Change {
    std::string kind;  ///< as in storage::Document
    RealmName realm;
    std::string id;
  };

  std::uint64_t epoch() const { return epoch_.load(std::memory_order_acquire); }

  /// Always heard: where there is no memory to say what changed, readers forget everything.
  void publish(Change change) noexcept {
    std::lock_guard hold(mutex_);
    try {
      changes_.push_back(std::move(change));
      if (changes_.size() > kKept) changes_.pop_front();
    } catch (const std::bad_alloc&) {
      changes_.clear();
    }
    epoch_.fetch_add(1, std::memory_order_release);
  }

  /// Anything may have changed: readers forget everything.
  void publish_everything() noexcept {
    std::lock_guard hold(mutex_);
    changes_.clear();
    epoch_.fetch_add(1, std::memory_order_release);
  }

  /// The changes after `since`, or nothing if that is too long ago: then forget everything.
  std::optional<std::vector<Change>> after(std::uint64_t since) const {
    std::lock_guard hold(mutex_);
    const std::uint64_t now = epoch_.load(std::memory_order_relaxed);
    const std::uint64_t count = now - since;
    if (count > changes_.size()) return std::nullopt;
    return std::vector<Change>(changes_.end() - static_cast<std::ptrdiff_t>(count), changes_.end());
  }

 private:
  static constexpr std::size_t kKept = 1024;
  mutable std::mutex mutex_;
  std::deque<Change> changes_;
  std::atomic<std::uint64_t> epoch_{0};
};

}  // namespace signet::oauth
