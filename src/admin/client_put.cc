// PUT of a client: what its operator wrote in clear becomes what is stored.

#include <algorithm>
#include <functional>
#include <memory>
#include <utility>

#include "admin/handlers.h"
#include "admin/operator_change.h"
#include "admin/resource_server_records.h"
#include "admin/seeding.h"
#include "base/json_members.h"
#include "base/text.h"
#include "oauth/client.h"
#include "oauth/client_secret.h"
#include "realms/client_secret_use.h"

namespace signet::admin {
namespace {

using SharedSecret = std::shared_ptr<const SecretBytes>;

struct GivenSecret {
  SharedSecret value;    ///< null: the document sets none, or wants one made
  bool is_made = false;  ///< the server makes it
};

SharedSecret shared_secret(std::string& text) {
  auto out = std::make_shared<const SecretBytes>(SecretBytes::from_text(text));
  wipe(text);
  return out;
}

/// Takes what concerns the secret out of the document.
Result<GivenSecret> take_secret(json::Object& document) {
  if (document.find("stored_secret"))
    return Error{Code::kInvalid, "settings_invalid", "client.stored_secret is the server's own"};
  const json::Value* generate = document.find("generate_secret");
  if (generate && !generate->if_bool())
    return Error{Code::kInvalid, "settings_invalid",
                 "client.generate_secret must be true or false"};
  GivenSecret out;
  out.is_made = json::flag_in(document, "generate_secret");
  const json::Value* given = document.find("secret");
  if (given && !given->if_string())
    return Error{Code::kInvalid, "settings_invalid", "client.secret must be a text"};
  if (given && !out.is_made) {
    std::string text = *given->if_string();
    auto checked = oauth::check_client_secret(text);
    out.value = shared_secret(text);
    if (!checked.ok()) return std::move(checked).error();
  }
  document.erase("secret");
  document.erase("generate_secret");
  document.erase("has_secret");
  return out;
}

SharedSecret made_secret(oauth::AuthMethod method, Random& random) {
  std::string made = method == oauth::AuthMethod::kSecretJwt ? oauth::make_mac_secret(random)
                                                             : oauth::make_client_secret(random);
  return shared_secret(made);
}

/// Sealed where the client's algorithm needs the value, else hashed.
Task<std::string> stored_form(const AdminServices& services, oauth::AuthMethod method,
                              SharedSecret secret) {
  const std::string_view text = as_text(secret->view());
  if (method == oauth::AuthMethod::kSecretJwt) co_return services.seal(secret->view());
  if (text.size() >= oauth::kFastSecretFrom)
    co_return oauth::hash_fast(text, *services.oauth->random);
  std::function<Result<std::string>()> work = [secret] {
    return oauth::hash_slow(as_text(secret->view()));
  };
  co_return co_await services.oauth->hashing->run<std::string>(std::move(work));
}

/// What is kept of the stored secret of a client that authenticates by `method` from now on: no
/// more than that needs, so that a change of the method leaves no value behind that can be opened.
Task<std::string> still_needed(const AdminServices& services, oauth::AuthMethod method,
                               std::string stored) {
  if (!realms::needs_secret(method)) co_return std::string();
  const bool is_sealed = oauth::form_of(stored) == oauth::SecretForm::kSealed;
  if (!is_sealed || method == oauth::AuthMethod::kSecretJwt) co_return stored;
  CO_TRY(SecretBytes value, services.oauth->unseal(stored));
  auto secret = std::make_shared<const SecretBytes>(std::move(value));
  co_return co_await stored_form(services, method, std::move(secret));
}

Status check_has_secret(const AdminServices& services, const oauth::Client& client) {
  const bool needs_value = client.auth_method == oauth::AuthMethod::kSecretJwt;
  if (realms::needs_secret(client.auth_method) && client.stored_secret.empty())
    return Error{Code::kInvalid, "client_secret_missing",
                 "this client authenticates by a secret: give 'secret' or 'generate_secret'"};
  if (needs_value && oauth::form_of(client.stored_secret) != oauth::SecretForm::kSealed)
    return Error{Code::kInvalid, "client_secret_missing",
                 "client_secret_jwt needs the secret's value: give 'secret' anew"};
  if (!needs_value) return Done{};
  // Also one that is kept: another algorithm may need a longer one.
  TRY(const SecretBytes known, services.oauth->unseal(client.stored_secret));
  return oauth::check_client_secret(as_text(known.view()),
                                    client.auth_alg.value_or(jose::JwsAlg::kHs256));
}

// Nothing where somebody else changed the client meanwhile: begin anew, since the secret that a
// document without one keeps may be another by now.
Task<std::optional<StoredClient>> try_to_put_client(const AdminServices& services, RealmName realm,
                                                    json::Object document, std::string new_secret,
                                                    std::string id,
                                                    std::optional<std::int64_t> expected,
                                                    std::string actor, Origin origin) {
  auto& storage = *services.oauth->storage;
  CO_TRY(const auto before, co_await storage.document("client", realm, id));
  const std::int64_t revision = before ? before->revision : 0;
  if (expected && *expected != revision) co_return lost_revision(id, revision);
  CO_TRY(oauth::Client client, oauth::Client::from_json(document));
  client.stored_secret = std::move(new_secret);
  if (client.stored_secret.empty() && before) {
    CO_TRY(const json::Object old, json::parse_object(before->text));
    std::string stored = json::text_in(old, "stored_secret");
    CO_TRY(client.stored_secret,
           co_await still_needed(services, client.auth_method, std::move(stored)));
  }
  CO_TRY(check_has_secret(services, client));
  if (!client.stored_secret.empty()) document.set("stored_secret", client.stored_secret);

  storage::PutDocument put;
  put.document = {"client", realm, id, json::dump(document), 0};
  put.expected = revision;
  storage::Transaction transaction;
  transaction.emplace_back(require_realm(realm));
  transaction.emplace_back(std::move(put));
  if (origin == Origin::kConfiguration) transaction.emplace_back(seeded_once("client", realm, id));
  transaction.emplace_back(audit_of(services, realm, before ? "client.changed" : "client.created",
                                    std::move(actor), id));
  CacheChanges changes;
  changes.push_back({"client", realm, id});
  std::optional<StoredClient> out;
  CO_TRY(const bool is_done,
         co_await commit_if_first(services, std::move(transaction), std::move(changes)));
  if (!is_done) co_return out;
  CO_TRY(const auto after, co_await storage.document("client", realm, id));
  out.emplace();
  out->stored = {after ? after->revision : 0, !before};
  out->document = oauth::without_secret(document);
  co_return out;
}

// What it lists and would not be granted, as far as the list is short enough to look at each.
Task<std::vector<std::string>> scope_warnings(const AdminServices& services,
                                              storage::Document realm, oauth::Client client) {
  std::vector<std::string> out;
  std::vector<std::string> scopes = client.scopes;
  for (const auto& scope : client.default_scopes)
    if (std::find(scopes.begin(), scopes.end(), scope) == scopes.end()) scopes.push_back(scope);
  if (scopes.size() > kMostShown) co_return out;
  for (const auto& scope : scopes) {
    CO_TRY(const auto definer, co_await scope_definer(services, realm, scope));
    if (!definer)
      out.push_back("the scope " + quoted(scope) +
                    " is defined nowhere in this realm and not granted: define it at a resource "
                    "server, or list it in the realm");
  }
  co_return out;
}

}  // namespace

Task<StoredClient> put_client(const AdminServices& services, RealmName realm, json::Object document,
                              std::optional<std::int64_t> expected, std::string actor,
                              Origin origin) {
  CO_TRY(auto realm_document, co_await existing_realm(services, realm));
  CO_TRY(GivenSecret given, take_secret(document));
  CO_TRY(const auto client, oauth::Client::from_json(document));
  const bool is_given = given.value || given.is_made;
  if (is_given) {
    CO_TRY(realms::check_secret_has_use(client));
  }
  if (given.is_made) given.value = made_secret(client.auth_method, *services.oauth->random);
  std::string new_secret;
  if (given.value) {
    CO_TRY(new_secret, co_await stored_form(services, client.auth_method, given.value));
  }
  for (int i = 0; i < kMostTries; ++i) {
    CO_TRY(auto stored, co_await try_to_put_client(services, realm, document, new_secret,
                                                   client.id.str(), expected, actor, origin));
    if (!stored) continue;
    if (given.is_made) stored->generated_secret = as_text(given.value->view());
    // It is stored, whatever can be said of it.
    auto warnings = co_await scope_warnings(services, std::move(realm_document), client);
    if (warnings.ok()) stored->warnings = std::move(*warnings);
    co_return std::move(*stored);
  }
  co_return client_busy();
}

}  // namespace signet::admin
