#include "oauth/endpoints/deny_list.h"

#include <mutex>

namespace signet::oauth {

Task<Done> DenyList::load(storage::Storage& storage) {
  constexpr std::size_t kPage = 5000;
  for (;;) {
    std::int64_t last = last_row_;
    CO_TRY(const auto page, co_await storage.denials_since(last_row_, kPage, &last));
    for (const auto& denied : page)
      add(denied.realm, denied.id_hash, denied.expires);
    last_row_ = last;  // last: what could not be kept to its end is read again
    if (page.size() < kPage) co_return Done{};
  }
}

std::string DenyList::key(std::string_view realm, ByteView id_hash) {
  std::string out(realm);
  out += '\0';
  out += as_text(id_hash);
  return out;
}

void DenyList::add(const RealmName& realm, const Bytes& id_hash, Instant expires) {
  Shard& s = shard(id_hash);
  std::unique_lock hold(s.mutex);
  if (s.entries.insert_or_assign(key(realm.view(), id_hash), expires).second) ++size_;
}

bool DenyList::contains(std::string_view realm, ByteView id_hash) const {
  if (size() == 0) return false;
  const Shard& s = shard(id_hash);
  std::shared_lock hold(s.mutex);
  return s.entries.contains(key(realm, id_hash));
}

void DenyList::forget_expired(Instant now) {
  for (auto& s : shards_) {
    std::unique_lock hold(s.mutex);
    size_ -= std::erase_if(s.entries, [&](const auto& entry) { return entry.second <= now; });
  }
}

}  // namespace signet::oauth
