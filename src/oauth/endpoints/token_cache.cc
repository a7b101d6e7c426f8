#include "oauth/endpoints/token_cache.h"

#include <algorithm>
#include <cstring>

namespace signet::oauth {

std::shared_ptr<TokenCache> make_token_cache() {
  return std::make_shared<TokenCache>();
}

TokenCache::TokenCache(std::size_t records)
    : max_in_shard_(std::max<std::size_t>(records / kShards, 1)) {}

// The key is a hash already. Its first byte chose the shard.
std::size_t TokenCache::Hash::operator()(const Key& key) const {
  std::size_t out = 0;
  // The last bytes are of a hash; the first ones tell the time.
  std::memcpy(&out, key.data() + key.size() - 1 - sizeof out, sizeof out);
  return out;
}

ReadyRecordPtr TokenCache::find(const Key& key, Instant now) const {
  const Shard& s = shard(key);
  std::lock_guard hold(s.mutex);
  const auto found = s.entries.find(key);
  if (found == s.entries.end()) return nullptr;
  const Entry& entry = found->second;
  // A clock that was set back must not make an entry young again.
  if (now < entry.read_at || now - entry.read_at > kMaxAge) return nullptr;
  return entry.record;
}

std::uint64_t TokenCache::revocations(const Key& key) const {
  const Shard& s = shard(key);
  std::lock_guard hold(s.mutex);
  return s.revocations;
}

void TokenCache::put(const Key& key, ReadyRecordPtr record, Instant read_at,
                     std::uint64_t revocations) {
  Shard& s = shard(key);
  std::lock_guard hold(s.mutex);
  if (s.revocations != revocations) return;
  if (const auto found = s.entries.find(key); found != s.entries.end()) {
    found->second.record = std::move(record);
    found->second.read_at = read_at;
    s.by_age.splice(s.by_age.end(), s.by_age, found->second.age);
    return;
  }
  while (!s.by_age.empty()) {
    const auto oldest = s.entries.find(s.by_age.front());
    const bool is_stale = read_at - oldest->second.read_at > kMaxAge;
    if (!is_stale && s.entries.size() < max_in_shard_) break;
    s.entries.erase(oldest);
    s.by_age.pop_front();
  }
  // Both or neither, even where memory ends in between.
  std::list<Key> youngest;
  youngest.push_back(key);
  s.entries.emplace(key, Entry{std::move(record), read_at, youngest.begin()});
  s.by_age.splice(s.by_age.end(), youngest);
}

void TokenCache::revoke(const Key& key) {
  Shard& s = shard(key);
  std::lock_guard hold(s.mutex);
  ++s.revocations;
  const auto found = s.entries.find(key);
  if (found == s.entries.end()) return;
  s.by_age.erase(found->second.age);
  s.entries.erase(found);
}

}  // namespace signet::oauth
