// Realms and clients: read, replaced, erased; every change is audited and told to the caches.

#include <algorithm>

#include "admin/handlers.h"
#include "admin/operator_change.h"
#include "admin/resource_server_change.h"
#include "base/base64.h"
#include "base/json_members.h"
#include "base/text.h"
#include "oauth/client_secret.h"
#include "realms/realm_settings.h"

namespace signet::admin {
namespace {

Task<json::Object> shown(storage::Document document, std::string name, bool hide) {
  CO_TRY(json::Object object, json::parse_object(document.text));
  json::Object out;
  out.set("revision", document.revision);
  out.set(name, hide ? oauth::without_secret(object) : std::move(object));
  co_return out;
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
                               std::optional<std::int64_t> expected, std::string actor) {
  CO_TRY(const auto settings, realms::RealmSettings::from_json(document));
  auto& storage = *services.oauth->storage;
  const std::string name = settings.name.str();
  CO_TRY(const auto before, co_await storage.document("realm", RealmName(), name));
  storage::PutDocument put;
  put.document = {"realm", RealmName(), name, json::dump(document), 0};
  put.expected = expected;
  storage::Transaction transaction;
  transaction.emplace_back(std::move(put));
  transaction.emplace_back(audit_of(
      services, settings.name, before ? "realm.changed" : "realm.created", std::move(actor), name));
  CacheChanges changes;
  changes.push_back({"realm", settings.name, {}});
  CO_TRY(co_await commit_and_tell(services, std::move(transaction), std::move(changes)));
  CO_TRY(const auto after, co_await storage.document("realm", RealmName(), name));
  co_return StoredRevision{after ? after->revision : 0, !before};
}

namespace {

/// What is stored of a secret that an operator gave or asked for.
Task<std::string> kept_form(const AdminServices& services, oauth::AuthMethod method,
                            SecretBytes secret) {
  if (method == oauth::AuthMethod::kSecretJwt) {
    CO_TRY(oauth::check_client_secret(as_text(secret.view()), true));
    co_return services.seal(secret.view());
  }
  if (secret.size() >= oauth::kFastSecretFrom)
    co_return oauth::hash_fast(as_text(secret.view()), *services.oauth->random);
  auto shared = std::make_shared<SecretBytes>(std::move(secret));
  std::function<Result<std::string>()> work = [shared] {
    return oauth::hash_slow(as_text(shared->view()));
  };
  co_return co_await services.oauth->hashing->run<std::string>(std::move(work));
}

/// Nothing where somebody else changed the secret that is kept: begin anew.
Task<std::optional<StoredClient>> try_to_put_client(const AdminServices& services, RealmName realm,
                                                    json::Object document,
                                                    std::optional<std::int64_t> expected,
                                                    std::string actor) {
  auto& storage = *services.oauth->storage;
  CO_TRY(const auto client, oauth::Client::from_json(document));
  const std::string id = client.id.str();
  CO_TRY(const auto before, co_await storage.document("client", realm, id));
  bool is_kept = false;
  if (before && !document.find("stored_secret")) {
    CO_TRY(const json::Object old, json::parse_object(before->text));
    if (const json::Value* kept = old.find("stored_secret")) {
      document.set("stored_secret", *kept);
      is_kept = true;
    }
  }
  CO_TRY(const auto whole, oauth::Client::from_json(document));
  const bool needs_secret = whole.auth_method == oauth::AuthMethod::kBasic ||
                            whole.auth_method == oauth::AuthMethod::kPost ||
                            whole.auth_method == oauth::AuthMethod::kSecretJwt;
  if (needs_secret && whole.stored_secret.empty())
    co_return Error{Code::kInvalid, "client_secret_missing",
                    "this client authenticates by a secret: give 'secret' or 'generate_secret'"};
  if (whole.auth_method == oauth::AuthMethod::kSecretJwt &&
      oauth::form_of(whole.stored_secret) != oauth::SecretForm::kSealed)
    co_return Error{Code::kInvalid, "client_secret_missing",
                    "client_secret_jwt needs the secret's value: give 'secret' anew"};

  storage::PutDocument put;
  put.document = {"client", realm, id, json::dump(document), 0};
  put.expected = expected;
  // One that was sealed anew meanwhile must not come back in its old form.
  if (is_kept && !expected) put.expected = before->revision;
  storage::Transaction transaction;
  transaction.emplace_back(std::move(put));
  transaction.emplace_back(audit_of(services, realm, before ? "client.changed" : "client.created",
                                    std::move(actor), id));
  CacheChanges changes;
  changes.push_back({"client", realm, id});
  std::optional<StoredClient> out;
  const auto done = co_await commit_and_tell(services, std::move(transaction), std::move(changes));
  if (!done.ok()) {
    if (is_kept && !expected && done.error().is("revision_conflict")) co_return out;
    co_return done.error();
  }
  CO_TRY(const auto after, co_await storage.document("client", realm, id));
  out.emplace();
  out->stored = {after ? after->revision : 0, !before};
  out->document = oauth::without_secret(document);
  co_return out;
}

}  // namespace

Task<StoredClient> put_client(const AdminServices& services, RealmName realm, json::Object document,
                              std::optional<std::int64_t> expected, std::string actor) {
  CO_TRY(co_await existing_realm(services, realm));

  // What operators write in clear becomes what is stored; a document without a secret keeps the old
  // one.
  if (document.find("stored_secret"))
    co_return Error{Code::kInvalid, "settings_invalid", "client.stored_secret is the server's own"};
  std::string secret, generated;
  const json::Value* given = document.find("secret");
  if (given && !given->if_string())
    co_return Error{Code::kInvalid, "settings_invalid", "client.secret must be a text"};
  if (json::flag_in(document, "generate_secret")) {
    secret = oauth::make_client_secret(*services.oauth->random);
    generated = secret;
  } else if (given) {
    secret = *given->if_string();
    CO_TRY(oauth::check_client_secret(secret));
  }
  document.erase("secret");
  document.erase("generate_secret");
  document.erase("has_secret");
  CO_TRY(const auto client, oauth::Client::from_json(document));
  if (!secret.empty()) {
    SecretBytes value = SecretBytes::from_text(secret);
    wipe(secret);
    CO_TRY(std::string stored, co_await kept_form(services, client.auth_method, std::move(value)));
    document.set("stored_secret", std::move(stored));
  }
  for (int i = 0; i < kMostTries; ++i) {
    CO_TRY(auto put, co_await try_to_put_client(services, realm, document, expected, actor));
    if (!put) continue;
    put->generated_secret = std::move(generated);
    co_return std::move(*put);
  }
  co_return Error{Code::kConflict, "client_busy",
                  "others change this client at this moment; try again"};
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
  CO_TRY(auto document, co_await existing_realm(services, realm));
  CO_TRY(auto body, co_await shown(std::move(document), "realm", false));
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
  CO_TRY(auto saved, co_await existing_realm(services, realm));
  CO_TRY(auto body, co_await shown(std::move(saved), "realm", false));
  co_return AdminReply{stored.created ? 201 : 200, std::move(body)};
}

Task<AdminReply> delete_realm(const AdminServices& services, AdminRequest request) {
  const RealmName realm = realm_parameter(request);
  if (realm.view() == "root")
    co_return Error{Code::kConflict, "realm_is_root",
                    "the realm 'root' always stays; \"enabled\": false closes it"};
  CO_TRY(co_await existing_realm(services, realm));
  CO_TRY(const auto clients, co_await services.oauth->storage->count_documents("client", realm));
  if (clients > 0)
    co_return Error{
        Code::kConflict, "realm_not_empty",
        "the realm still has " + std::to_string(clients) + " clients; delete them first"};
  CO_TRY(const auto expected, expected_revision(request));
  CO_TRY(storage::Transaction transaction, co_await erase_with_realm(services, realm));
  transaction.emplace_back(storage::EraseDocument{"realm", RealmName(), realm.str(), expected});
  transaction.emplace_back(audit_of(services, realm, "realm.deleted", request.actor, realm.view()));
  CacheChanges changes;
  changes.push_back({"realm", realm, {}});
  CO_TRY(co_await commit_and_tell(services, std::move(transaction), std::move(changes)));
  co_return AdminReply{204, {}};
}

Task<AdminReply> list_clients(const AdminServices& services, AdminRequest request) {
  const RealmName realm = realm_parameter(request);
  const PageAsked asked = page_asked(request);
  CO_TRY(const auto page,
         co_await services.oauth->storage->documents("client", realm, asked.after, asked.limit));
  json::Array clients;
  for (const auto& document : page) {
    CO_TRY(auto item, co_await shown(document, "client", true));
    clients.emplace_back(std::move(item));
  }
  co_return list_reply("clients", std::move(clients), asked, page);
}

Task<AdminReply> get_client(const AdminServices& services, AdminRequest request) {
  CO_TRY(const std::string id, client_parameter(request));
  CO_TRY(auto document, co_await existing_client(services, realm_parameter(request), id));
  CO_TRY(auto body, co_await shown(std::move(document), "client", true));
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
  if (!put.generated_secret.empty()) reply.body.set("secret", put.generated_secret);
  co_return reply;
}

}  // namespace signet::admin
