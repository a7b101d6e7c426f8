#pragma once

#include <map>
#include <optional>
#include <set>
#include <vector>

#include "base/clock.h"

namespace signet::storage::memory {

/// A map whose entries expire, found by key or by age. `Value` has a member `expires`.
template <class Key, class Value>
class ExpiringMap {
 public:
  const Value* find(const Key& key) const {
    const auto found = entries_.find(key);
    return found == entries_.end() ? nullptr : &found->second;
  }

  /// Adds, replaces, or with nothing removes; gives what was there before.
  std::optional<Value> exchange(const Key& key, std::optional<Value> value) {
    std::optional<Value> before;
    if (auto found = entries_.find(key); found != entries_.end()) {
      by_age_.erase({found->second.expires, key});
      before = std::move(found->second);
      entries_.erase(found);
    }
    if (value) {
      by_age_.insert({value->expires, key});
      entries_.emplace(key, std::move(*value));
    }
    return before;
  }

  /// Removes the oldest, at most `limit`, that expired before `before`; gives them back.
  std::vector<std::pair<Key, Value>> purge(Instant before, std::size_t limit) {
    std::vector<std::pair<Key, Value>> removed;
    while (!by_age_.empty() && by_age_.begin()->first < before && removed.size() < limit) {
      const Key key = by_age_.begin()->second;
      removed.emplace_back(key, *exchange(key, std::nullopt));
    }
    return removed;
  }

 private:
  std::map<Key, Value> entries_;
  std::set<std::pair<Instant, Key>> by_age_;
};

}  // namespace signet::storage::memory
