// The routes of resource servers.

#include <algorithm>

#include "admin/handlers.h"
#include "admin/operator_change.h"
#include "admin/resource_server_change.h"
#include "admin/resource_server_records.h"
#include "base/base64.h"
#include "base/json_members.h"
#include "base/text.h"
#include "jose/encryptor.h"
#include "oauth/endpoints/test_token.h"

namespace signet::admin {
namespace {

namespace rs = resource_servers;

json::Object item_of(std::int64_t revision, json::Object shown) {
  json::Object out;
  out.set("revision", revision);
  out.set("resource_server", std::move(shown));
  return out;
}

// Null for an instance that is alone.
json::Value own_instance(const AdminServices& services) {
  for (const auto& one : services.oauth->keeper->instances())
    if (one.is_self) return json::Value(one.info.id);
  return json::Value();
}

// Of this instance since its start. Null for the built-in one as long as its tokens are the
// realm's: those are counted by their format.
json::Value uses_of(const AdminServices& services, const RealmName& realm, const rs::State& state,
                    const json::Object& document, const json::Value& instance) {
  const std::string name = json::text_in(document, "name");
  const json::Value* access = document.find("access_token");
  const json::Object* settings = access ? access->if_object() : nullptr;
  const std::string encryption = settings ? json::text_in(*settings, "encryption") : std::string();
  if (name == state.identity_provider &&
      (encryption.empty() || encryption == rs::to_string(rs::Encryption::kAsRealm)))
    return json::Value();
  const auto use = services.oauth->uses->find(realm.view(), name);
  const std::int64_t last = use ? use->last_issued.load(std::memory_order_relaxed) : 0;
  json::Object out;
  out.set("instance", instance);
  out.set("issued",
          use ? static_cast<std::int64_t>(use->issued.load(std::memory_order_relaxed)) : 0);
  out.set("last_issued",
          last == 0 ? json::Value() : json::Value(to_rfc3339(Instant(Seconds(last)))));
  return json::Value(std::move(out));
}

// One resource server as lists and GET show it.
json::Object read_item(const AdminServices& services, const RealmName& realm,
                       const rs::State& state, ResourceServerRecord record,
                       const json::Value& instance) {
  json::Value uses = uses_of(services, realm, state, record.document, instance);
  json::Object out =
      item_of(record.revision, shown_resource_server(std::move(record.document), state));
  out.set("uses", std::move(uses));
  return out;
}

// Of inline keys, over all instances: how much of what NIST SP 800-38D allows is spoken for. Null
// where there is nothing to count.
Task<json::Value> gcm_uses_of(const AdminServices& services, json::Object document) {
  CO_TRY(const auto server, rs::ResourceServer::from_json(document));
  json::Array out;
  const bool spends = server.key_alg && jose::spends_gcm(*server.key_alg, server.content_enc);
  if (!spends) co_return json::Value();
  for (const auto& key : server.keys) {
    if (!key.is_symmetric()) continue;
    CO_TRY(const std::uint64_t reserved,
           co_await services.oauth->gcm_ledger->reserved(services.oauth->storage, key));
    json::Object one;
    one.set("kid", key.kid());
    one.set("reserved", static_cast<std::int64_t>(reserved));
    one.set("most", static_cast<std::int64_t>(services.oauth->gcm_ledger->settings().most));
    out.emplace_back(std::move(one));
  }
  co_return out.empty() ? json::Value() : json::Value(std::move(out));
}

std::string jwks_uri_of(const json::Object& document) {
  const json::Value* access = document.find("access_token");
  const json::Object* settings = access ? access->if_object() : nullptr;
  return settings ? json::text_in(*settings, "jwks_uri") : std::string();
}

// The built-in one stands in the list although nobody wrote it.
Task<bool> is_built_in_unwritten(const AdminServices& services, RealmName realm, rs::State state) {
  CO_TRY(const auto built_in,
         co_await find_resource_server(services, realm, state, state.identity_provider));
  co_return built_in && built_in->revision == 0;
}

// Null for an opaque token.
json::Value header_of(std::string_view token) {
  const auto end = token.find('.');
  if (end == token.npos) return json::Value();
  const auto decoded = base64::url_decode(token.substr(0, end));
  if (!decoded.ok()) return json::Value();
  auto header = json::parse(as_text(*decoded));
  return header.ok() ? std::move(*header) : json::Value();
}

bool query_flag(const AdminRequest& request, std::string_view name) {
  return query_value(request, name, "") == "true";
}

}  // namespace

Task<AdminReply> list_resource_servers(const AdminServices& services, AdminRequest request) {
  const RealmName realm = realm_parameter(request);
  CO_TRY(co_await existing_realm(services, realm));
  const PageAsked asked = page_asked(request);
  CO_TRY(const auto state, co_await load_state(services, realm));
  CO_TRY(auto page, co_await services.oauth->storage->documents(std::string(rs::kKind), realm,
                                                                asked.after, asked.limit));
  CO_TRY(const bool adds_built_in, co_await is_built_in_unwritten(services, realm, state.state));
  const std::string& built_in = state.state.identity_provider;
  if (adds_built_in && built_in > asked.after) {
    json::Object document;
    document.set("name", built_in);
    storage::Document unwritten{std::string(rs::kKind), realm, built_in, json::dump(document), 0};
    const auto place = std::lower_bound(
        page.begin(), page.end(), built_in,
        [](const storage::Document& d, const std::string& id) { return d.id < id; });
    page.insert(place, std::move(unwritten));
    if (page.size() > asked.limit) page.pop_back();
  }
  const json::Value instance = own_instance(services);
  json::Array items;
  for (const auto& document : page) {
    CO_TRY(auto record, read_resource_server(services, document));
    items.emplace_back(read_item(services, realm, state.state, std::move(record), instance));
  }
  co_return list_reply("resource_servers", std::move(items), asked, page);
}

Task<AdminReply> get_resource_server(const AdminServices& services, AdminRequest request) {
  const RealmName realm = realm_parameter(request);
  const std::string name = request.parameters.at(1);
  CO_TRY(co_await existing_realm(services, realm));
  CO_TRY(const auto state, co_await load_state(services, realm));
  CO_TRY(auto record, co_await existing_resource_server(services, realm, state.state, name));
  CO_TRY(auto gcm_uses, co_await gcm_uses_of(services, record.document));
  json::Value key_set = key_set_of(*services.oauth, jwks_uri_of(record.document));
  AdminReply reply;
  reply.body = read_item(services, realm, state.state, std::move(record), own_instance(services));
  if (!key_set.is_null()) reply.body.set("key_set", std::move(key_set));
  if (!gcm_uses.is_null()) reply.body.set("gcm_uses", std::move(gcm_uses));
  co_return reply;
}

Task<AdminReply> replace_resource_server(const AdminServices& services, AdminRequest request) {
  ResourceServerPut put;
  put.name = request.parameters.at(1);
  auto body = json::parse_object(request.body);
  wipe(request.body);  // it may hold symmetric keys
  CO_TRY(put.document, std::move(body));
  CO_TRY(put.expected, expected_revision(request));
  put.trial = query_flag(request, "untested") ? Trial::kUnlessUnreachable : Trial::kWhole;
  put.actor = request.actor;
  const RealmName realm = realm_parameter(request);
  CO_TRY(auto stored, co_await put_resource_server(services, realm, std::move(put)));
  AdminReply reply;
  reply.status = stored.stored.created ? 201 : 200;
  reply.body = item_of(stored.stored.revision, std::move(stored.document));
  if (stored.untested) reply.body.set("untested", true);
  reply.body.set("warnings", json::Array(stored.warnings.begin(), stored.warnings.end()));
  co_return reply;
}

Task<AdminReply> delete_resource_server(const AdminServices& services, AdminRequest request) {
  const RealmName realm = realm_parameter(request);
  const std::string name = request.parameters.at(1);
  CO_TRY(const auto expected, expected_revision(request));
  CO_TRY(co_await erase_resource_server(services, realm, name, expected, request.actor));
  AdminReply reply;
  reply.status = 204;
  co_return reply;
}

Task<AdminReply> test_resource_server(const AdminServices& services, AdminRequest request) {
  const RealmName realm = realm_parameter(request);
  const std::string name = request.parameters.at(1);
  CO_TRY(co_await existing_realm(services, realm));
  CO_TRY(const auto state, co_await load_state(services, realm));
  CO_TRY(const auto record, co_await existing_resource_server(services, realm, state.state, name));
  CO_TRY(const auto server, rs::ResourceServer::from_json(record.document));
  CO_TRY(std::string token,
         co_await oauth::issue_test_token(*services.oauth, *services.directory, realm, name));
  storage::Transaction transaction;
  transaction.emplace_back(
      audit_of(services, realm, "resource_server.tested", request.actor, name));
  CO_TRY(co_await services.oauth->storage->commit(std::move(transaction)));
  AdminReply reply;
  reply.body.set("resource_server", name);
  reply.body.set("encryption", rs::to_string(server.encryption));
  reply.body.set("header", header_of(token));
  reply.body.set("token", std::move(token));
  co_return reply;
}

}  // namespace signet::admin
