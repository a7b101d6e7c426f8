#include "oauth/endpoints/worker_state.h"

#include <algorithm>

namespace signet::oauth {
namespace {

// NUL cannot stand in a realm's name or a client id, so the pair is unambiguous.
std::string_view pair_key(std::string& out, std::string_view realm, std::string_view id) {
  out.assign(realm);
  out += '\0';
  out += id;
  return out;
}

}  // namespace

WorkerState::WorkerState(const Services& services, std::size_t workers)
    : services_(services),
      max_clients_(std::max<std::size_t>(services.cached_clients / workers, 16)),
      max_realms_(std::max<std::size_t>(services.cached_realms / workers, 16)),
      seen_epoch_(services.changes->epoch()) {}

void WorkerState::follow_changes() {
  const std::uint64_t now = services_.changes->epoch();
  if (now == seen_epoch_) [[likely]]
    return;
  const auto changes = services_.changes->after(seen_epoch_);
  if (!changes) {
    realms_.clear();
    clients_.clear();
    by_age_.clear();
    seen_epoch_ = now;
    return;
  }
  for (const auto& change : *changes) {
    if (change.kind == "realm") realms_.erase(change.realm.str());
    if (change.kind != "client") continue;
    const auto found = clients_.find(pair_key(key_, change.realm.view(), change.id));
    if (found == clients_.end()) continue;
    by_age_.erase(found->second.age);
    clients_.erase(found);
  }
  seen_epoch_ = now;  // last: what could not be followed to its end is followed again
}

const RealmRuntimePtr* WorkerState::realm(std::string_view name) {
  follow_changes();
  const auto found = realms_.find(name);
  if (found == realms_.end() || found->second.generation != services_.keeper->generation())
    return nullptr;
  return &found->second.runtime;
}

void WorkerState::keep_realm(RealmRuntimePtr realm, std::uint64_t generation) {
  if (realms_.size() >= max_realms_) realms_.erase(realms_.begin());
  std::string name = realm->settings().name.str();
  realms_.insert_or_assign(std::move(name), CachedRealm{std::move(realm), generation});
}

PreparedClientPtr WorkerState::client(std::string_view realm, std::string_view id) {
  follow_changes();
  const auto found = clients_.find(pair_key(key_, realm, id));
  if (found == clients_.end()) return nullptr;
  by_age_.splice(by_age_.end(), by_age_, found->second.age);
  return found->second.client;
}

PreparedClientPtr WorkerState::keep_client(const RealmRuntime& realm, Client client,
                                           jose::KeyPtr secret_key) {
  auto prepared = std::make_shared<PreparedClient>();
  prepared->secret_key = std::move(secret_key);
  prepared->client = std::move(client);
  std::string key(pair_key(key_, realm.settings().name.view(), prepared->client.id.view()));
  if (const auto found = clients_.find(key); found != clients_.end()) {
    by_age_.erase(found->second.age);
    clients_.erase(found);
  }
  if (clients_.size() >= max_clients_) {
    clients_.erase(by_age_.front());
    by_age_.pop_front();
  }
  // Both or neither, even where memory ends in between.
  std::list<std::string> youngest;
  youngest.push_back(key);
  clients_.emplace(std::move(key), CachedClient{prepared, youngest.begin()});
  by_age_.splice(by_age_.end(), youngest);
  return prepared;
}

}  // namespace signet::oauth
