#include "app/configured_realms.h"

#include "admin/inject_policy_change.h"
#include "admin/resource_server_change.h"

namespace signet::app {
namespace {

// The built-in resource server is there and the default unless an operator decides otherwise.
bool says_nothing(const json::Object& resource_server) {
  json::Object rest = resource_server;
  const json::Value* name = rest.find("name");
  if (!name || *name != json::Value(resource_servers::kIdentityProvider)) return false;
  rest.erase("name");
  rest.erase("default");
  return rest.empty();
}

Result<bool> is_stored(storage::Storage& storage, std::string_view kind, const RealmName& realm,
                       const json::Object& document, std::string_view id) {
  const json::Value* value = document.find(id);
  if (!value || !value->if_string()) {
    std::string detail = "a ";
    detail += kind;
    detail += " of realm " + realm.str() + " has no ";
    detail += id;
    return Error{Code::kConfig, "settings_invalid", std::move(detail)};
  }
  TRY(const auto known,
      async::run_now(storage.document(std::string(kind), realm, *value->if_string())));
  return known.has_value();
}

}  // namespace

Status put_configured_realm(const admin::AdminServices& services,
                            const config::RealmConfig& realm) {
  const RealmName name(realm.name);
  storage::Storage& storage = *services.oauth->storage;
  TRY(const auto existing, async::run_now(storage.document("realm", RealmName(), realm.name)));
  // Another instance that starts now may be quicker.
  const auto unless_there = [](auto put) -> Status {
    if (put.ok() || put.error().is("revision_conflict")) return Done{};
    return std::move(put).error();
  };
  if (!existing) {
    TRY(unless_there(
        async::run_now(admin::put_realm(services, realm.document, 0, "configuration"))));
  }
  for (const auto& document : realm.resource_servers) {
    TRY(const bool is_known, is_stored(storage, resource_servers::kKind, name, document, "name"));
    if (is_known || says_nothing(document)) continue;
    admin::ResourceServerPut put;
    put.document = document;
    put.expected = 0;
    put.trial = admin::Trial::kInlineOnly;
    put.actor = "configuration";
    TRY(unless_there(async::run_now(admin::put_resource_server(services, name, std::move(put)))));
  }
  for (const auto& client : realm.clients) {
    TRY(const bool is_known, is_stored(storage, "client", name, client, "client_id"));
    if (is_known) continue;
    TRY(unless_there(
        async::run_now(admin::put_client(services, name, client, 0, "configuration"))));
  }
  for (const auto& policy : realm.inject_policies) {
    TRY(const bool is_known,
        is_stored(storage, resource_servers::kPolicyKind, name, policy, "name"));
    if (is_known) continue;
    TRY(unless_there(
        async::run_now(admin::put_inject_policy(services, name, policy, 0, "configuration"))));
  }
  return Done{};
}

config::RealmConfig root_realm(const std::string& demo_secret) {
  config::RealmConfig root;
  root.name = "root";
  root.document.set("name", "root");
  if (demo_secret.empty()) return root;
  json::Object client;
  client.set("client_id", "demo");
  client.set("name", "Demo client");
  client.set("secret", demo_secret);
  client.set("scopes", json::Array{"read", "write"});
  client.set("default_scopes", json::Array{"read"});
  root.clients.push_back(std::move(client));
  return root;
}

}  // namespace signet::app
