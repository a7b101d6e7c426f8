#include "oauth/endpoints/worker_state.h"

#include <algorithm>

#include "resource_servers/direct_key.h"

namespace signet::oauth {
namespace {

std::size_t share_of(std::size_t all, std::size_t workers) {
  return std::max<std::size_t>(all / workers, 16);
}

}  // namespace

WorkerState::WorkerState(const Services& services, std::size_t workers)
    : services_(services),
      max_realms_(share_of(services.cached_realms, workers)),
      seen_epoch_(services.changes->epoch()),
      clients_(share_of(services.cached_clients, workers)),
      resource_servers_(share_of(services.cached_resource_servers, workers)),
      resource_uris_(share_of(services.cached_resource_servers, workers)),
      scopes_(share_of(services.cached_resource_servers, workers)),
      direct_keys_(share_of(services.cached_resource_servers, workers)),
      policies_(share_of(services.cached_policies, workers)) {}

void WorkerState::follow_changes() {
  const std::uint64_t now = services_.changes->epoch();
  if (now == seen_epoch_) [[likely]]
    return;
  const auto changes = services_.changes->after(seen_epoch_);
  if (!changes) {
    realms_.clear();
    clients_.clear();
    resource_servers_.clear();
    resource_uris_.clear();
    scopes_.clear();
    direct_keys_.clear();
    policies_.clear();
    ++definitions_;
    seen_epoch_ = now;
    return;
  }
  for (const auto& change : *changes)
    follow(change);
  seen_epoch_ = now;  // last: what could not be followed to its end is followed again
}

void WorkerState::follow(const ChangeFeed::Change& change) {
  const std::string_view realm = change.realm.view();
  if (change.kind == "realm") {
    realms_.erase(change.realm.str());
  } else if (change.kind == "client") {
    clients_.erase(realm, change.id);
  } else if (change.kind == resource_servers::kKind) {
    resource_servers_.erase(realm, change.id);
    ++definitions_;
  } else if (change.kind == resource_servers::kUriKind) {
    resource_uris_.erase(realm, change.id);
  } else if (change.kind == resource_servers::kScopeKind) {
    scopes_.erase(realm, change.id);
    ++definitions_;
  } else if (change.kind == resource_servers::kDirectKeyKind) {
    direct_keys_.erase(realm, std::string_view(change.id).substr(0, change.id.find('\n')));
  } else if (change.kind == resource_servers::kPolicyKind) {
    policies_.erase(realm, change.id);
  }
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
  const auto* found = clients_.find(realm, id);
  return found ? *found : nullptr;
}

PreparedClientPtr WorkerState::keep_client(const RealmRuntime& realm, Client client,
                                           jose::KeyPtr secret_key) {
  auto prepared = std::make_shared<PreparedClient>();
  prepared->secret_key = std::move(secret_key);
  prepared->client = std::move(client);
  clients_.put(realm.settings().name.view(), prepared->client.id.view(), prepared);
  return prepared;
}

PreparedResourceServerPtr WorkerState::resource_server(std::string_view realm,
                                                       std::string_view name) {
  const auto* found = resource_servers_.find(realm, name);
  return found ? *found : nullptr;
}

void WorkerState::keep_resource_server(std::string_view realm, PreparedResourceServerPtr server) {
  const std::string name = server->server.name;
  resource_servers_.put(realm, name, std::move(server));
}

const std::string* WorkerState::resource_uri(std::string_view realm, std::string_view uri) {
  return resource_uris_.find(realm, uri);
}

void WorkerState::keep_resource_uri(std::string_view realm, std::string_view uri,
                                    std::string name) {
  resource_uris_.put(realm, uri, std::move(name));
}

const ScopeDefinitionPtr* WorkerState::scope(std::string_view realm, std::string_view name) {
  return scopes_.find(realm, name);
}

const DirectKeysPtr* WorkerState::direct_keys(std::string_view realm, std::string_view kid) {
  return direct_keys_.find(realm, kid);
}

void WorkerState::keep_direct_keys(std::string_view realm, std::string_view kid,
                                   DirectKeysPtr keys) {
  direct_keys_.put(realm, kid, std::move(keys));
}

void WorkerState::keep_scope(std::string_view realm, std::string_view name,
                             ScopeDefinitionPtr definition) {
  scopes_.put(realm, name, std::move(definition));
}

PreparedPolicyPtr WorkerState::inject_policy(std::string_view realm, std::string_view name) {
  const auto* found = policies_.find(realm, name);
  return found ? *found : nullptr;
}

void WorkerState::keep_inject_policy(std::string_view realm, PreparedPolicyPtr policy) {
  const std::string name = policy->policy.name;
  policies_.put(realm, name, std::move(policy));
}

}  // namespace signet::oauth
