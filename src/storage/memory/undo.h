#pragma once

#include <memory>
#include <optional>
#include <type_traits>
#include <utility>
#include <vector>

namespace signet::storage::memory {

/// Changes that are made whole or not at all. Each may fail for want of memory and has then done
/// nothing; the way back takes no memory and cannot fail. Goes back when it ends, unless kept.
class Undo {
 public:
  Undo() = default;
  Undo(const Undo&) = delete;
  ~Undo() {
    for (auto step = steps_.rbegin(); step != steps_.rend(); ++step)
      (*step)->back();
  }
  void keep() { steps_.clear(); }

  /// Adds or replaces an entry, or with nothing removes it.
  template <class Map>
  void put(Map& map, const typename Map::key_type& key,
           std::optional<typename Map::mapped_type> value) {
    Map fresh;
    if (value) fresh.emplace(key, std::move(*value));
    auto step = std::make_unique<Entry<Map>>(map, key);
    Entry<Map>& entry = *step;
    add(std::move(step));
    entry.before = map.extract(key);
    if (!fresh.empty()) map.insert(fresh.extract(fresh.begin()));
  }
  /// Sets a number or a time.
  template <class T>
  void set(T& at, T value) {
    static_assert(std::is_trivially_copyable_v<T>);
    add(std::make_unique<Scalar<T>>(at));
    at = value;
  }
  template <class T>
  void append(std::vector<T>& list, T value) {
    auto step = std::make_unique<Last<T>>(list);
    list.reserve(list.size() + 1 > list.capacity() ? 2 * list.size() + 1 : 0);
    add(std::move(step));
    list.push_back(std::move(value));
  }

 private:
  struct Step {
    virtual ~Step() = default;
    virtual void back() noexcept = 0;
  };
  template <class Map>
  struct Entry : Step {
    Entry(Map& in, const typename Map::key_type& of) : map(in), key(of) {}
    void back() noexcept override {
      map.erase(key);
      if (before) map.insert(std::move(before));
    }
    Map& map;
    const typename Map::key_type key;
    typename Map::node_type before;
  };
  template <class T>
  struct Scalar : Step {
    explicit Scalar(T& of) : at(of), before(of) {}
    void back() noexcept override { at = before; }
    T& at;
    const T before;
  };
  template <class T>
  struct Last : Step {
    explicit Last(std::vector<T>& of) : list(of) {}
    void back() noexcept override { list.pop_back(); }
    std::vector<T>& list;
  };

  void add(std::unique_ptr<Step> step) { steps_.push_back(std::move(step)); }

  std::vector<std::unique_ptr<Step>> steps_;
};

}  // namespace signet::storage::memory
