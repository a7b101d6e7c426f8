#pragma once

#include <functional>
#include <list>
#include <string>
#include <string_view>
#include <unordered_map>

namespace signet::oauth {

/// What one worker keeps of many things that have a name in a realm; the least recently used one
/// goes first. No sharing, no lock; finding allocates nothing.
template <class Value>
class LruCache {
 public:
  explicit LruCache(std::size_t most) : most_(most) {}

  /// Null if it is not there.
  Value* find(std::string_view realm, std::string_view id) {
    const auto found = entries_.find(key(realm, id));
    if (found == entries_.end()) return nullptr;
    by_age_.splice(by_age_.end(), by_age_, found->second.age);
    return &found->second.value;
  }

  void put(std::string_view realm, std::string_view id, Value value) {
    erase(realm, id);
    if (entries_.size() >= most_) {
      entries_.erase(by_age_.front());
      by_age_.pop_front();
    }
    // Both or neither, even where memory ends in between.
    std::list<std::string> youngest;
    youngest.emplace_back(key(realm, id));
    entries_.emplace(youngest.front(), Entry{std::move(value), youngest.begin()});
    by_age_.splice(by_age_.end(), youngest);
  }

  void erase(std::string_view realm, std::string_view id) {
    const auto found = entries_.find(key(realm, id));
    if (found == entries_.end()) return;
    by_age_.erase(found->second.age);
    entries_.erase(found);
  }

  void clear() {
    entries_.clear();
    by_age_.clear();
  }

 private:
  struct Hash {
    using is_transparent = void;
    std::size_t operator()(std::string_view text) const {
      return std::hash<std::string_view>()(text);
    }
  };
  struct Entry {
    Value value;
    std::list<std::string>::iterator age;
  };

  // NUL cannot stand in a realm's name nor in an id, so the pair is unambiguous.
  std::string_view key(std::string_view realm, std::string_view id) {
    key_.assign(realm);
    key_ += '\0';
    key_ += id;
    return key_;
  }

  std::size_t most_;
  std::unordered_map<std::string, Entry, Hash, std::equal_to<>> entries_;
  std::list<std::string> by_age_;  ///< least recently used first
  std::string key_;
};

}  // namespace signet::oauth
