// The routes of resource servers.

#include <algorithm>

#include "admin/handlers.h"
#include "admin/resource_server_change.h"
#include "admin/resource_server_records.h"
#include "base/base64.h"
#include "base/text.h"
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
  json::Array items;
  for (const auto& document : page) {
    CO_TRY(auto record, read_resource_server(services, document));
    items.emplace_back(
        item_of(record.revision, shown_resource_server(std::move(record.document), state.state)));
  }
  co_return list_reply("resource_servers", std::move(items), asked, page);
}

Task<AdminReply> get_resource_server(const AdminServices& services, AdminRequest request) {
  const RealmName realm = realm_parameter(request);
  const std::string name = request.parameters.at(1);
  CO_TRY(co_await existing_realm(services, realm));
  CO_TRY(const auto state, co_await load_state(services, realm));
  CO_TRY(auto record, co_await existing_resource_server(services, realm, state.state, name));
  AdminReply reply;
  reply.body =
      item_of(record.revision, shown_resource_server(std::move(record.document), state.state));
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
  json::Object detail;
  detail.set("id", name);
  storage::Transaction transaction;
  transaction.emplace_back(audit(services, realm, "resource_server.tested", request.actor, detail));
  CO_TRY(co_await services.oauth->storage->commit(std::move(transaction)));
  AdminReply reply;
  reply.body.set("resource_server", name);
  reply.body.set("encryption", rs::to_string(server.encryption));
  reply.body.set("header", header_of(token));
  reply.body.set("token", std::move(token));
  co_return reply;
}

}  // namespace signet::admin
