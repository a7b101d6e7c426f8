#pragma once

#include <array>
#include <atomic>
#include <map>
#include <shared_mutex>
#include <string>
#include <unordered_map>

#include "base/bytes.h"
#include "base/clock.h"
#include "base/strong.h"
#include "storage/storage.h"

namespace signet::oauth {

/// The revoked tokens of all realms, in memory: loaded at start, added to after each durable
/// revocation, and followed in storage for those of other instances. A look-up takes a shared lock
/// of one of many shards, and none at all while empty.
class DenyList {
 public:
  /// Adds what storage has and was not read before. One caller at a time.
  Task<Done> load(storage::Storage& storage);
  /// The next load() reads everything again: storage may have lost what it had.
  void begin_anew() { last_row_ = 0; }
  /// False while the revocations of other instances could not be read for too long: then nobody can
  /// say that a token is not revoked.
  bool is_current() const { return is_current_.load(std::memory_order_relaxed); }
  void set_current(bool is_current) { is_current_.store(is_current, std::memory_order_relaxed); }
  void add(const RealmName& realm, const Bytes& id_hash, Instant expires);
  bool contains(std::string_view realm, ByteView id_hash) const;
  void forget_expired(Instant now);
  std::size_t size() const { return size_.load(std::memory_order_relaxed); }

 private:
  struct Shard {
    mutable std::shared_mutex mutex;
    std::unordered_map<std::string, Instant> entries;  ///< realm NUL hash → expiry
  };
  static std::string key(std::string_view realm, ByteView id_hash);
  Shard& shard(ByteView id_hash) const {
    return shards_[id_hash.empty() ? 0 : id_hash[0] % kShards];
  }

  static constexpr std::size_t kShards = 64;
  mutable std::array<Shard, kShards> shards_;
  std::atomic<std::size_t> size_{0};
  std::atomic<bool> is_current_{true};
  std::int64_t last_row_ = 0;  ///< of storage, that was read
};

}  // namespace signet::oauth
