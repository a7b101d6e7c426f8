#include "oauth/endpoints/definitions.h"

#include "base/log.h"
#include "resource_servers/direct_key.h"

namespace signet::oauth {
namespace {

using resource_servers::ResourceServer;

template <class T>
Task<T> until_followed(const WorkerState& worker, std::function<Task<T>()> read) {
  Result<T> outcome;
  std::uint64_t followed = 0;
  do {
    followed = worker.followed();
    Task<T> reading = read();
    outcome = co_await std::move(reading);
  } while (outcome.ok() && followed != worker.followed());
  co_return outcome;
}

PreparedResourceServerPtr prepare(const Services& services, std::string_view realm,
                                  ResourceServer server) {
  auto prepared = std::make_shared<PreparedResourceServer>();
  for (const auto& jwk : server.keys)
    prepared->keys.push_back(jose::Key::local(jwk));
  server.keys.clear();
  if (!server.jwks_uri.empty() && services.key_sets)
    prepared->source = services.key_sets->source(server.jwks_uri);
  prepared->use = services.uses->of(realm, server.name);
  prepared->server = std::move(server);
  return prepared;
}

/// Null for one that no token can hold any more.
Result<jose::KeyPtr> read_direct_key(const Services& services, const storage::Document& document) {
  TRY(const auto kept, resource_servers::DirectKey::from_text(document.text));
  if (kept.is_over(services.clock->now())) return jose::KeyPtr();
  TRY(auto jwk, kept.open(services.unseal));
  return jose::Key::local(std::move(jwk));
}

}  // namespace

Task<std::optional<json::Object>> load_definition(const Services& services,
                                                  const WorkerState& worker, std::string kind,
                                                  RealmName realm, std::string id) {
  std::function<Task<std::optional<storage::Document>>()> read = [&] {
    return services.storage->document(kind, realm, id);
  };
  CO_TRY(const auto document, co_await until_followed(worker, std::move(read)));
  if (!document) co_return std::optional<json::Object>();
  CO_TRY(json::Object object, json::parse_object(document->text));
  co_return std::optional<json::Object>(std::move(object));
}

Task<PreparedResourceServerPtr> load_resource_server(const Services& services, WorkerState& worker,
                                                     RealmRuntimePtr realm, std::string name) {
  const RealmName& realm_name = realm->settings().name;
  std::optional<json::Object> stored;
  if (!name.empty()) {
    CO_TRY(stored, co_await load_definition(services, worker, std::string(resource_servers::kKind),
                                            realm_name, name));
  }
  ResourceServer server;
  if (stored) {
    CO_TRY(const json::Object document,
           resource_servers::from_stored(std::move(*stored), services.unseal));
    CO_TRY(server, ResourceServer::from_json(document));
  } else if (name.empty()) {
    server.encryption = resource_servers::Encryption::kServerKey;
  } else if (name == realm->resource_servers().identity_provider) {
    server = ResourceServer::identity_provider(std::move(name));
  } else {
    co_return PreparedResourceServerPtr();
  }
  auto prepared = prepare(services, realm_name.view(), std::move(server));
  worker.keep_resource_server(realm_name.view(), prepared);
  co_return prepared;
}

Task<std::string> load_resource_uri(const Services& services, WorkerState& worker, RealmName realm,
                                    std::string uri) {
  CO_TRY(const auto stored,
         co_await load_definition(services, worker, std::string(resource_servers::kUriKind), realm,
                                  uri));
  const json::Value* name = stored ? stored->find("name") : nullptr;
  const std::string* text = name ? name->if_string() : nullptr;
  std::string found = text ? *text : std::string();
  worker.keep_resource_uri(realm.view(), uri, found);
  co_return found;
}

Task<ScopeDefinitionPtr> load_scope(const Services& services, WorkerState& worker, RealmName realm,
                                    std::string name) {
  CO_TRY(auto stored,
         co_await load_definition(services, worker, std::string(resource_servers::kScopeKind),
                                  realm, name));
  ScopeDefinitionPtr definition;
  if (stored) {
    stored->erase("resource_server");
    CO_TRY(auto read_one, resource_servers::ScopeDefinition::from_json(*stored));
    definition = std::make_shared<const resource_servers::ScopeDefinition>(std::move(read_one));
  }
  worker.keep_scope(realm.view(), name, definition);
  co_return definition;
}

Task<PreparedPolicyPtr> load_inject_policy(const Services& services, WorkerState& worker,
                                           RealmName realm, std::string name) {
  CO_TRY(const auto stored,
         co_await load_definition(services, worker, std::string(resource_servers::kPolicyKind),
                                  realm, name));
  if (!stored) co_return PreparedPolicyPtr();
  auto prepared = std::make_shared<PreparedPolicy>();
  CO_TRY(prepared->policy, resource_servers::InjectPolicy::from_json(*stored));
  worker.keep_inject_policy(realm.view(), prepared);
  co_return prepared;
}

Task<DirectKeysPtr> load_direct_keys(const Services& services, WorkerState& worker, RealmName realm,
                                     std::string kid) {
  const std::string kind(resource_servers::kDirectKeyKind);
  const std::string prefix = resource_servers::direct_key_prefix(kid);
  std::function<Task<std::vector<storage::Document>>()> read = [&] {
    return services.storage->documents(kind, realm, prefix, resource_servers::kMostDirectKeysRead);
  };
  CO_TRY(const auto page, co_await until_followed(worker, std::move(read)));
  auto keys = std::make_shared<std::vector<jose::KeyPtr>>();
  for (const auto& document : page) {
    if (!document.id.starts_with(prefix)) break;
    auto key = read_direct_key(services, document);
    if (!key.ok() && key.error().is("encoded_value_key_unknown")) {
      // Its sealing key was told to be lost; the others of this kid are not.
      log::failure("direct_key_unreadable", key.error(), {{"realm", realm.str()}});
      continue;
    }
    if (!key.ok()) co_return std::move(key).error();
    if (*key) keys->push_back(std::move(*key));
  }
  DirectKeysPtr found = std::move(keys);
  worker.keep_direct_keys(realm.view(), kid, found);
  co_return found;
}

}  // namespace signet::oauth
