#pragma once

#include <functional>
#include <list>
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>

namespace signet::oauth {

/// What one worker keeps of many things that have a name in a realm. Of those that nobody asked for
/// lately the oldest goes first. Finding only marks what it found: moving it in an order of use
/// would touch its neighbours, which among many are in no processor's cache. No sharing, no lock;
/// finding allocates nothing.
template <class Value>
class LruCache {
 public:
  explicit LruCache(std::size_t most) : most_(most) {}

  /// Null if it is not there.
  Value* find(std::string_view realm, std::string_view id) {
    const auto found = entries_.find(key(realm, id));
    if (found == entries_.end()) return nullptr;
    found->second.is_used = true;
    return &found->second.value;
  }

  void put(std::string_view realm, std::string_view id, Value value) {
    erase(realm, id);
    if (entries_.size() >= most_) erase_oldest();
    // Both or neither, even where memory ends in between.
    Order youngest;
    youngest.emplace_back(nullptr);
    const auto put = entries_.emplace(key(realm, id), Entry{std::move(value), youngest.begin()});
    youngest.front() = &*put.first;
    by_age_.splice(by_age_.end(), youngest);
  }

  void erase(std::string_view realm, std::string_view id) {
    const auto found = entries_.find(key(realm, id));
    if (found == entries_.end()) return;
    by_age_.erase(found->second.age);
    entries_.erase(found);
  }

  void clear() {
    by_age_.clear();
    entries_.clear();
  }

 private:
  struct Hash {
    using is_transparent = void;
    std::size_t operator()(std::string_view text) const {
      return std::hash<std::string_view>()(text);
    }
  };
  struct Entry;
  using Order = std::list<std::pair<const std::string, Entry>*>;
  struct Entry {
    Value value;
    typename Order::iterator age;
    bool is_used = false;  ///< asked for since it was last spared
  };

  /// Spares what is in use, but not without end: a put stays short where everything is.
  void erase_oldest() {
    constexpr int kMostSpared = 16;
    for (int i = 0; i < kMostSpared && by_age_.front()->second.is_used; ++i) {
      by_age_.front()->second.is_used = false;
      by_age_.splice(by_age_.end(), by_age_, by_age_.begin());
    }
    const auto oldest = entries_.find(by_age_.front()->first);
    by_age_.pop_front();
    entries_.erase(oldest);
  }

  // NUL cannot stand in a realm's name nor in an id, so the pair is unambiguous.
  std::string_view key(std::string_view realm, std::string_view id) {
    key_.assign(realm);
    key_ += '\0';
    key_ += id;
    return key_;
  }

  std::size_t most_;
  std::unordered_map<std::string, Entry, Hash, std::equal_to<>> entries_;
  Order by_age_;  ///< the one spared or put longest ago first
  std::string key_;
};

}  // namespace signet::oauth
