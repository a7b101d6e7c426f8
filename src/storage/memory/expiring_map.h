#pragma once

#include <map>
#include <optional>
#include <utility>
#include <variant>
#include <vector>

#include "base/clock.h"
#include "storage/memory/undo.h"

namespace signet::storage::memory {

/// A map whose entries expire, found by key or by age. `Value` has a member `expires`.
template <class Key, class Value>
class ExpiringMap {
 public:
  const Value* find(const Key& key) const {
    const auto found = entries_.find(key);
    return found == entries_.end() ? nullptr : &found->second;
  }

  /// Adds, replaces, or with nothing removes.
  void put(const Key& key, std::optional<Value> value, Undo& undo) {
    if (const Value* before = find(key)) undo.put(by_age_, {before->expires, key}, std::nullopt);
    if (value) undo.put(by_age_, {value->expires, key}, std::monostate());
    undo.put(entries_, key, std::move(value));
  }

  /// Removes the oldest, at most `limit`, that expired before `before`; gives what they were.
  std::vector<Value> purge(Instant before, std::size_t limit, Undo& undo) {
    std::vector<Value> removed;
    while (!by_age_.empty() && removed.size() < limit) {
      const auto [expires, key] = by_age_.begin()->first;
      if (expires >= before) break;
      removed.push_back(*find(key));
      put(key, std::nullopt, undo);
    }
    return removed;
  }

  /// How many expired before `before`, counted to `limit`.
  std::size_t count_expired(Instant before, std::size_t limit) const {
    std::size_t count = 0;
    for (auto at = by_age_.begin();
         at != by_age_.end() && count < limit && at->first.first < before; ++at)
      ++count;
    return count;
  }

 private:
  std::map<Key, Value> entries_;
  std::map<std::pair<Instant, Key>, std::monostate> by_age_;
};

}  // namespace signet::storage::memory
