#pragma once

#include <algorithm>
#include <array>
#include <memory>
#include <vector>

#include "secrets/keeper/live_ring.h"

namespace signet::secrets {

/// The rings of the realms in use at one moment, found by hash. Immutable once it is published; a
/// copy shares everything with its origin but the few realms beside one that is put into it and the
/// way there, so that the first use of each of many realms stays cheap.
class RealmMap {
 public:
  /// Null if the realm is not in use.
  RealmRingsPtr find(const RealmName& name) const {
    const std::size_t hash = std::hash<RealmName>()(name);
    const auto& shelf = shelves_[hash % kShelves];
    if (!shelf) return nullptr;
    if (const auto& bucket = (*shelf)[hash / kShelves % kBuckets]) {
      for (const Entry& entry : *bucket) {
        if (entry.hash == hash && entry.name == name) return entry.rings;
      }
    }
    return nullptr;
  }
  void put(const RealmName& name, RealmRingsPtr rings) {
    const std::size_t hash = std::hash<RealmName>()(name);
    auto& shelf = shelves_[hash % kShelves];
    auto way = shelf ? std::make_shared<Shelf>(*shelf) : std::make_shared<Shelf>();
    auto& bucket = (*way)[hash / kShelves % kBuckets];
    auto changed = bucket ? std::make_shared<Bucket>(*bucket) : std::make_shared<Bucket>();
    const auto found = std::find_if(changed->begin(), changed->end(),
                                    [&](const Entry& entry) { return entry.name == name; });
    if (found != changed->end()) {
      found->rings = std::move(rings);
    } else {
      changed->push_back({hash, name, std::move(rings)});
    }
    bucket = std::move(changed);
    shelf = std::move(way);
  }
  template <class Visit>
  void for_each(Visit visit) const {
    for (const auto& shelf : shelves_) {
      if (!shelf) continue;
      for (const auto& bucket : *shelf) {
        if (!bucket) continue;
        for (const Entry& entry : *bucket)
          visit(entry.name, entry.rings);
      }
    }
  }
  friend bool operator==(const RealmMap& a, const RealmMap& b) {
    const auto same_bucket = [](const auto& x, const auto& y) {
      return x == y || (x && y && std::is_permutation(x->begin(), x->end(), y->begin(), y->end()));
    };
    const auto same_shelf = [&](const auto& x, const auto& y) {
      return x == y ||
             (x && y && std::equal(x->begin(), x->end(), y->begin(), y->end(), same_bucket));
    };
    return std::equal(a.shelves_.begin(), a.shelves_.end(), b.shelves_.begin(), same_shelf);
  }

 private:
  struct Entry {
    std::size_t hash;
    RealmName name;
    RealmRingsPtr rings;
    friend bool operator==(const Entry&, const Entry&) = default;
  };
  using Bucket = std::vector<Entry>;
  static constexpr std::size_t kShelves = 64, kBuckets = 64;
  using Shelf = std::array<std::shared_ptr<const Bucket>, kBuckets>;
  std::array<std::shared_ptr<const Shelf>, kShelves> shelves_;
};

}  // namespace signet::secrets
