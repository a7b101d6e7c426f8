// Realms and clients: read, replaced, erased; every change is audited and told to the caches.

#include <algorithm>

#include "admin/handlers.h"
#include "admin/operator_change.h"
#include "admin/seeding.h"
#include "base/base64.h"
#include "base/text.h"
#include "oauth/client.h"
#include "realms/realm_settings.h"

namespace signet::admin {
namespace {

Result<json::Object> shown(const storage::Document& document, std::string_view name, bool hide) {
  TRY(json::Object object, json::parse_object(document.text));
  json::Object out;
  out.set("revision", document.revision);
  out.set(name, hide ? oauth::without_secret(object) : std::move(object));
  return out;
}

}  // namespace

// Realm names may hold slashes; in these paths they are written with '~', which no name may hold.
RealmName realm_parameter(const AdminRequest& request) {
  std::string name = request.parameters.at(0);
  std::replace(name.begin(), name.end(), '~', '/');
  return RealmName(std::move(name));
}

Result<std::string> client_parameter(const AdminRequest& request) {
  const std::string& written = request.parameters.at(1);
  if (!written.starts_with('~')) return written;
  const auto id = base64::url_decode(std::string_view(written).substr(1));
  if (!id.ok() || id->empty())
    return Error{Code::kInvalid, "client_id_malformed",
                 "'~' in a path stands before the base64url of a client_id"};
  return std::string(as_text(*id));
}

Task<StoredRevision> put_realm(const AdminServices& services, json::Object document,
                               std::optional<std::int64_t> expected, std::string actor,
                               Origin origin) {
  CO_TRY(const auto settings, realms::RealmSettings::from_json(document));
  auto& storage = *services.oauth->storage;
  const std::string name = settings.name.str();
  CO_TRY(const auto before, co_await storage.document("realm", RealmName(), name));
  storage::PutDocument put;
  put.document = {"realm", RealmName(), name, json::dump(document), 0};
  put.expected = expected;
  storage::Transaction transaction;
  transaction.emplace_back(std::move(put));
  if (origin == Origin::kConfiguration)
    transaction.emplace_back(seeded_once("realm", RealmName(), name));
  transaction.emplace_back(audit_of(
      services, settings.name, before ? "realm.changed" : "realm.created", std::move(actor), name));
  CacheChanges changes;
  changes.push_back({"realm", settings.name, {}});
  CO_TRY(co_await commit_and_tell(services, std::move(transaction), std::move(changes)));
  CO_TRY(const auto after, co_await storage.document("realm", RealmName(), name));
  co_return StoredRevision{after ? after->revision : 0, !before};
}

Task<AdminReply> list_realms(const AdminServices& services, AdminRequest request) {
  const PageAsked asked = page_asked(request);
  CO_TRY(const auto page, co_await services.oauth->storage->documents("realm", RealmName(),
                                                                      asked.after, asked.limit));
  json::Array realms;
  for (const auto& document : page) {
    json::Object item;
    item.set("name", document.id);
    item.set("revision", document.revision);
    realms.emplace_back(std::move(item));
  }
  co_return list_reply("realms", std::move(realms), asked, page);
}

Task<AdminReply> get_realm(const AdminServices& services, AdminRequest request) {
  const RealmName realm = realm_parameter(request);
  CO_TRY(const auto document, co_await existing_realm(services, realm));
  CO_TRY(auto body, shown(document, "realm", false));
  co_return AdminReply{200, std::move(body)};
}

Task<AdminReply> replace_realm(const AdminServices& services, AdminRequest request) {
  const RealmName realm = realm_parameter(request);
  CO_TRY(json::Object document, json::parse_object(request.body));
  if (!document.find("name")) document.set("name", realm.view());
  if (const auto* name = document.find("name")->if_string(); !name || *name != realm.view())
    co_return Error{Code::kInvalid, "name_mismatch", "the realm's name is not the one in the path"};
  CO_TRY(const auto expected, expected_revision(request));
  CO_TRY(const auto stored,
         co_await put_realm(services, std::move(document), expected, request.actor));
  CO_TRY(const auto saved, co_await existing_realm(services, realm));
  CO_TRY(auto body, shown(saved, "realm", false));
  co_return AdminReply{stored.created ? 201 : 200, std::move(body)};
}

Task<AdminReply> list_clients(const AdminServices& services, AdminRequest request) {
  const RealmName realm = realm_parameter(request);
  const PageAsked asked = page_asked(request);
  CO_TRY(co_await existing_realm(services, realm));
  CO_TRY(const auto page,
         co_await services.oauth->storage->documents("client", realm, asked.after, asked.limit));
  json::Array clients;
  for (const auto& document : page) {
    CO_TRY(auto item, shown(document, "client", true));
    clients.emplace_back(std::move(item));
  }
  co_return list_reply("clients", std::move(clients), asked, page);
}

Task<AdminReply> get_client(const AdminServices& services, AdminRequest request) {
  CO_TRY(const std::string id, client_parameter(request));
  CO_TRY(const auto document, co_await existing_client(services, realm_parameter(request), id));
  CO_TRY(auto body, shown(document, "client", true));
  co_return AdminReply{200, std::move(body)};
}

Task<AdminReply> replace_client(const AdminServices& services, AdminRequest request) {
  CO_TRY(const std::string id, client_parameter(request));
  CO_TRY(json::Object document, json::parse_object(request.body));
  wipe(request.body);
  if (!document.find("client_id")) document.set("client_id", id);
  if (const auto* name = document.find("client_id")->if_string(); !name || *name != id)
    co_return Error{Code::kInvalid, "name_mismatch", "client_id is not the one in the path"};
  CO_TRY(const auto expected, expected_revision(request));
  CO_TRY(auto put, co_await put_client(services, realm_parameter(request), std::move(document),
                                       expected, request.actor));
  AdminReply reply;
  reply.status = put.stored.created ? 201 : 200;
  reply.body.set("revision", put.stored.revision);
  reply.body.set("client", std::move(put.document));
  reply.body.set("warnings", json::Array(put.warnings.begin(), put.warnings.end()));
  if (!put.generated_secret.empty()) reply.body.set("secret", put.generated_secret);
  co_return reply;
}

}  // namespace signet::admin
