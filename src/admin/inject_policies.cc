// The routes of inject policies: which token a gateway passes upstream.

#include <algorithm>

#include "admin/handlers.h"
#include "admin/inject_policy_change.h"
#include "admin/operator_change.h"
#include "admin/resource_server_change.h"
#include "admin/resource_server_records.h"
#include "admin/seeding.h"
#include "base/text.h"
#include "oauth/client.h"
#include "realms/realm_settings.h"

namespace signet::admin {
namespace {

namespace rs = resource_servers;

Error unknown_policy(const std::string& name) {
  return {Code::kNotFound, "inject_policy_unknown", "no inject policy " + quoted(name)};
}

Task<std::optional<storage::Document>> find_policy(const AdminServices& services, RealmName realm,
                                                   std::string name) {
  co_return co_await services.oauth->storage->document(std::string(rs::kPolicyKind), realm, name);
}

Result<json::Object> item_of(const storage::Document& document) {
  TRY(json::Object policy, json::parse_object(document.text));
  json::Object out;
  out.set("revision", document.revision);
  out.set("inject_policy", std::move(policy));
  return out;
}

bool lists(const oauth::Client& client, const std::string& scope) {
  return std::find(client.scopes.begin(), client.scopes.end(), scope) != client.scopes.end();
}

// The client that the policy names.
Task<storage::Document> check_references(const AdminServices& services, storage::Document realm,
                                         rs::State state, rs::InjectPolicy policy) {
  const RealmName name(realm.id);
  CO_TRY(auto client,
         co_await services.oauth->storage->document("client", name, policy.client.str()));
  if (!client)
    co_return Error{Code::kInvalid, "client_unknown",
                    "no client " + quoted(policy.client.view()) + " in this realm"};
  if (!policy.resource_server.empty()) {
    CO_TRY(const auto server,
           co_await find_resource_server(services, name, state, policy.resource_server));
    if (!server)
      co_return Error{Code::kInvalid, "resource_server_unknown",
                      "no resource server " + quoted(policy.resource_server, 128)};
  }
  for (const auto& scope : policy.scopes) {
    CO_TRY(const auto definer, co_await scope_definer(services, realm, scope));
    if (!definer)
      co_return Error{Code::kInvalid, "scope_undefined",
                      "the scope " + quoted(scope) +
                          " is defined nowhere in this realm: define it at a resource "
                          "server, or list it in the realm"};
  }
  co_return std::move(*client);
}

Result<bool> names_client(const std::optional<storage::Document>& policy, const ClientId& client) {
  if (!policy) return false;
  TRY(const json::Object members, json::parse_object(policy->text));
  TRY(const auto known, rs::InjectPolicy::from_json(members));
  return known.client == client;
}

// Nothing where somebody else was faster: begin anew.
Task<std::optional<StoredRevision>> try_to_put(const AdminServices& services, RealmName realm,
                                               json::Object document,
                                               std::optional<std::int64_t> expected,
                                               std::string actor, Origin origin) {
  CO_TRY(const auto policy, rs::InjectPolicy::from_json(document));
  CO_TRY(const auto realm_document, co_await existing_realm(services, realm));
  CO_TRY(const auto state, co_await load_state(services, realm));
  CO_TRY(auto client, co_await check_references(services, realm_document, state.state, policy));
  CO_TRY(const auto before, co_await find_policy(services, realm, policy.name));
  const std::int64_t revision = before ? before->revision : 0;
  if (expected && *expected != revision) co_return lost_revision(policy.name, revision);

  storage::PutDocument put;
  put.document = {std::string(rs::kPolicyKind), realm, policy.name, json::dump(document), 0};
  put.expected = revision;
  storage::Transaction transaction;
  transaction.emplace_back(require_realm(realm));
  transaction.emplace_back(std::move(put));
  if (origin == Origin::kConfiguration)
    transaction.emplace_back(seeded_once(rs::kPolicyKind, realm, policy.name));
  // Deleting or renaming a resource server writes the state too: neither overlooks the other.
  if (!policy.resource_server.empty())
    transaction.emplace_back(put_state(realm, state.state, state.revision));
  // So does deleting a client: who names one anew writes it as it is.
  CO_TRY(const bool names_it_already, names_client(before, policy.client));
  if (!names_it_already) {
    storage::PutDocument same;
    same.expected = client.revision;
    same.document = std::move(client);
    transaction.emplace_back(std::move(same));
  }
  transaction.emplace_back(audit_of(services, realm,
                                    before ? "inject_policy.changed" : "inject_policy.created",
                                    actor, policy.name));
  CacheChanges changes;
  changes.push_back({std::string(rs::kPolicyKind), realm, policy.name});
  CO_TRY(const bool is_done,
         co_await commit_if_first(services, std::move(transaction), std::move(changes)));
  std::optional<StoredRevision> out;
  if (!is_done) co_return out;
  CO_TRY(const auto after, co_await find_policy(services, realm, policy.name));
  out = StoredRevision{after ? after->revision : 0, !before};
  co_return out;
}

// A gateway that can get no token is told of when the policy is written, not by those who use it.
std::vector<std::string> warnings_of(const rs::InjectPolicy& policy, const oauth::Client& client,
                                     Seconds lifetime) {
  std::vector<std::string> out;
  const auto none = [&](const std::string& why) {
    out.push_back("there will be no token: the client " + quoted(client.id.view()) + why);
  };
  if (!client.enabled) none(" is disabled");
  if (client.auth_method != oauth::AuthMethod::kBasic)
    none(" does not prove itself by client_secret_basic, as gateways do");
  if (!client.may_use("client_credentials")) none(" may not use client_credentials");
  for (const auto& scope : policy.scopes) {
    if (client.has_scope_list && !lists(client, scope))
      none(" may not have the scope " + quoted(scope));
  }
  if (policy.renew_before >= lifetime)
    out.push_back("every request makes a token: they live for " + std::to_string(lifetime.count()) +
                  " s and are renewed " + std::to_string(policy.renew_before.count()) +
                  " s before their end");
  return out;
}

Task<std::vector<std::string>> policy_warnings(const AdminServices& services, RealmName name,
                                               json::Object document) {
  CO_TRY(const auto policy, rs::InjectPolicy::from_json(document));
  CO_TRY(const auto realm_document, co_await existing_realm(services, name));
  CO_TRY(const json::Object realm_members, json::parse_object(realm_document.text));
  CO_TRY(const auto realm, realms::RealmSettings::from_json(realm_members));
  CO_TRY(const auto client_document, co_await existing_client(services, name, policy.client.str()));
  CO_TRY(const json::Object client_members, json::parse_object(client_document.text));
  CO_TRY(const auto client, oauth::Client::from_json(client_members));
  CO_TRY(const auto state, co_await load_state(services, name));
  std::string server_name = policy.resource_server;
  if (server_name.empty()) server_name = rs::select(state.state, std::nullopt);
  CO_TRY(const auto record,
         co_await find_resource_server(services, name, state.state, server_name));
  Seconds lifetime = client.lifetime.value_or(realm.lifetime);
  if (record) {
    CO_TRY(const auto server, rs::ResourceServer::from_json(record->document));
    lifetime = server.lifetime.value_or(lifetime);
  }
  co_return warnings_of(policy, client, std::min(lifetime, realm.max_lifetime));
}

}  // namespace

Task<StoredRevision> put_inject_policy(const AdminServices& services, RealmName realm,
                                       json::Object document, std::optional<std::int64_t> expected,
                                       std::string actor, Origin origin) {
  for (int i = 0; i < kMostTries; ++i) {
    CO_TRY(const auto stored,
           co_await try_to_put(services, realm, document, expected, actor, origin));
    if (stored) co_return *stored;
  }
  co_return resource_server_busy();
}

Task<AdminReply> list_inject_policies(const AdminServices& services, AdminRequest request) {
  const RealmName realm = realm_parameter(request);
  CO_TRY(co_await existing_realm(services, realm));
  const PageAsked asked = page_asked(request);
  CO_TRY(const auto page, co_await services.oauth->storage->documents(
                              std::string(rs::kPolicyKind), realm, asked.after, asked.limit));
  json::Array items;
  for (const auto& document : page) {
    CO_TRY(auto item, item_of(document));
    items.emplace_back(std::move(item));
  }
  co_return list_reply("inject_policies", std::move(items), asked, page);
}

Task<AdminReply> get_inject_policy(const AdminServices& services, AdminRequest request) {
  const std::string name = request.parameters.at(1);
  CO_TRY(const auto document, co_await find_policy(services, realm_parameter(request), name));
  if (!document) co_return unknown_policy(name);
  AdminReply reply;
  CO_TRY(reply.body, item_of(*document));
  co_return reply;
}

Task<AdminReply> replace_inject_policy(const AdminServices& services, AdminRequest request) {
  const RealmName realm = realm_parameter(request);
  const std::string name = request.parameters.at(1);
  CO_TRY(json::Object document, json::parse_object(request.body));
  if (!document.find("name")) document.set("name", name);
  if (const auto* text = document.find("name")->if_string(); !text || *text != name)
    co_return Error{Code::kInvalid, "name_mismatch",
                    "the policy's name is not the one in the path"};
  CO_TRY(const auto expected, expected_revision(request));
  CO_TRY(const auto stored,
         co_await put_inject_policy(services, realm, document, expected, request.actor));
  AdminReply reply;
  reply.status = stored.created ? 201 : 200;
  reply.body.set("revision", stored.revision);
  // Somebody may have deleted something meanwhile; the policy is stored all the same.
  const auto warnings = co_await policy_warnings(services, realm, document);
  reply.body.set("inject_policy", std::move(document));
  if (warnings.ok()) reply.body.set("warnings", json::Array(warnings->begin(), warnings->end()));
  co_return reply;
}

Task<AdminReply> delete_inject_policy(const AdminServices& services, AdminRequest request) {
  const RealmName realm = realm_parameter(request);
  const std::string name = request.parameters.at(1);
  CO_TRY(const auto document, co_await find_policy(services, realm, name));
  if (!document) co_return unknown_policy(name);
  CO_TRY(const auto expected, expected_revision(request));
  storage::Transaction transaction;
  transaction.emplace_back(
      storage::EraseDocument{std::string(rs::kPolicyKind), realm, name, expected});
  transaction.emplace_back(audit_of(services, realm, "inject_policy.deleted", request.actor, name));
  CacheChanges changes;
  changes.push_back({std::string(rs::kPolicyKind), realm, name});
  CO_TRY(co_await commit_and_tell(services, std::move(transaction), std::move(changes)));
  AdminReply reply;
  reply.status = 204;
  co_return reply;
}

}  // namespace signet::admin
