#pragma once

#include <algorithm>
#include <array>
#include <memory>
#include <vector>

#include "secrets/keeper/keeper.h"

namespace signet::secrets {

/// The rings of the realms in use at one moment, found by hash. Immutable once it is published; a
/// copy shares everything with its origin but the few realms beside one that is put into it, so
/// that the first use of each of many realms stays cheap.
class RealmMap {
 public:
  /// Null if the realm is not in use.
  RealmRingsPtr find(const RealmName& name) const {
    const std::size_t hash = std::hash<RealmName>()(name);
    if (const auto& bucket = buckets_[hash % kBuckets]) {
      for (const Entry& entry : *bucket) {
        if (entry.hash == hash && entry.name == name) return entry.rings;
      }
    }
    return nullptr;
  }
  void put(const RealmName& name, RealmRingsPtr rings) {
    const std::size_t hash = std::hash<RealmName>()(name);
    auto& bucket = buckets_[hash % kBuckets];
    auto changed = bucket ? std::make_shared<Bucket>(*bucket) : std::make_shared<Bucket>();
    const auto found = std::find_if(changed->begin(), changed->end(),
                                    [&](const Entry& entry) { return entry.name == name; });
    if (found != changed->end()) {
      found->rings = std::move(rings);
    } else {
      changed->push_back({hash, name, std::move(rings)});
    }
    bucket = std::move(changed);
  }
  template <class Visit>
  void for_each(Visit visit) const {
    for (const auto& bucket : buckets_) {
      if (!bucket) continue;
      for (const Entry& entry : *bucket)
        visit(entry.name, entry.rings);
    }
  }
  friend bool operator==(const RealmMap& a, const RealmMap& b) {
    return std::equal(
        a.buckets_.begin(), a.buckets_.end(), b.buckets_.begin(), [](const auto& x, const auto& y) {
          return x == y ||
                 (x && y && std::is_permutation(x->begin(), x->end(), y->begin(), y->end()));
        });
  }

 private:
  struct Entry {
    std::size_t hash;
    RealmName name;
    RealmRingsPtr rings;
    friend bool operator==(const Entry&, const Entry&) = default;
  };
  using Bucket = std::vector<Entry>;
  static constexpr std::size_t kBuckets = 4096;
  std::array<std::shared_ptr<const Bucket>, kBuckets> buckets_;
};

}  // namespace signet::secrets
