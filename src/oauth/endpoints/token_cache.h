#pragma once

#include <array>
#include <atomic>
#include <list>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <unordered_map>

#include "oauth/endpoints/found_token.h"

namespace signet::oauth {

/// An opaque token's record, read from storage and made ready to answer with.
struct ReadyRecord {
  storage::TokenRecord record;
  FoundToken found;
  std::string active_body;  ///< the answer of introspection while it is active
};
using ReadyRecordPtr = std::shared_ptr<const ReadyRecord>;

/// Records of opaque tokens that were introspected a moment ago, of all realms. A revocation of
/// this process takes effect at once; one of another process over the same storage within kMaxAge.
class TokenCache {
 public:
  using Key = tokens::OpaqueKey;
  static constexpr Milliseconds kMaxAge{1000};

  explicit TokenCache(std::size_t records = 20'000);

  /// Null if it is not there or too old.
  ReadyRecordPtr find(const Key& key, Instant now) const;
  /// To be asked before storage is read. put() does nothing if a revocation came in between: what
  /// was read may be what the revocation has erased.
  std::uint64_t revocations(const Key& key) const;
  void put(const Key& key, ReadyRecordPtr record, Instant read_at, std::uint64_t revocations);
  /// After the erasure is durable, before it is answered.
  void revoke(const Key& key);

 private:
  struct Hash {
    std::size_t operator()(const Key& key) const;
  };
  struct Entry {
    ReadyRecordPtr record;
    Instant read_at;
    std::list<Key>::iterator age;
  };
  struct Shard {
    mutable std::mutex mutex;
    std::unordered_map<Key, Entry, Hash> entries;
    std::list<Key> by_age;  ///< read longest ago first
    std::uint64_t revocations = 0;
  };
  Shard& shard(const Key& key) const { return shards_[key.back() % kShards]; }

  static constexpr std::size_t kShards = 16;
  std::size_t max_in_shard_;
  mutable std::array<Shard, kShards> shards_;
};

}  // namespace signet::oauth
