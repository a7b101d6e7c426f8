#include "admin/resource_server_transaction.h"

#include <algorithm>
#include <set>

#include "admin/seeding.h"
#include "base/text.h"
#include "resource_servers/direct_key.h"
#include "storage/document_pages.h"

namespace signet::admin {
namespace {

namespace rs = resource_servers;

// Those that no token can hold any more are among them.
constexpr std::size_t kMostDirectKeysSwept = 1000;

const rs::ScopeDefinition* find_scope(const rs::ResourceServer* server, const std::string& name) {
  if (!server) return nullptr;
  for (const auto& scope : server->scopes)
    if (scope.name == name) return &scope;
  return nullptr;
}

bool encrypts_directly(const rs::ResourceServer* server) {
  return server && server->key_alg == jose::JweAlg::kDir;
}

// Keys by URL are kept when they are used.
void add_direct_kids(const rs::ResourceServer* server, std::set<std::string>& kids) {
  if (!encrypts_directly(server)) return;
  for (const auto& key : server->keys)
    if (key.is_symmetric()) kids.insert(key.kid());
}

bool uses_direct_kid(const rs::ResourceServer* server, const std::string& kid) {
  std::set<std::string> kids;
  add_direct_kids(server, kids);
  return kids.contains(kid);
}

bool has_direct_key(const rs::ResourceServer* server, const std::string& id) {
  return encrypts_directly(server) &&
         std::any_of(server->keys.begin(), server->keys.end(), [&](const jose::Jwk& key) {
           return key.is_symmetric() && rs::direct_key_id(key, server->name) == id;
         });
}

std::string owned_by(const std::string& name) {
  json::Object out;
  out.set("name", name);
  return json::dump(out);
}

}  // namespace

ResourceServerTransaction::ResourceServerTransaction(const AdminServices& services, RealmName realm,
                                                     std::string actor)
    : services_(services), realm_(std::move(realm)), actor_(std::move(actor)) {
  transaction_.emplace_back(require_realm(realm_));
}

void ResourceServerTransaction::tell(std::string_view kind, const std::string& id) {
  changes_.push_back({std::string(kind), realm_, id});
}

void ResourceServerTransaction::put_raw(std::string_view kind, const std::string& id,
                                        std::string text, std::optional<std::int64_t> expected) {
  storage::PutDocument put;
  put.document = {std::string(kind), realm_, id, std::move(text), 0};
  put.expected = expected;
  transaction_.emplace_back(std::move(put));
  tell(kind, id);
}

void ResourceServerTransaction::erase_raw(std::string_view kind, const std::string& id,
                                          std::optional<std::int64_t> expected) {
  transaction_.emplace_back(storage::EraseDocument{std::string(kind), realm_, id, expected});
  tell(kind, id);
}

Status ResourceServerTransaction::put(const std::string& name, json::Object document,
                                      std::int64_t expected) {
  TRY(const json::Object stored, rs::to_stored(std::move(document), services_.seal));
  put_raw(rs::kKind, name, json::dump(stored), expected);
  return Done{};
}

void ResourceServerTransaction::erase(const std::string& name, std::int64_t expected) {
  erase_raw(rs::kKind, name, expected);
}

void ResourceServerTransaction::move_uri(const rs::ResourceServer* before,
                                         const rs::ResourceServer* after) {
  const std::string old_uri = before ? before->resource() : "";
  const std::string new_uri = after ? after->resource() : "";
  if (!old_uri.empty() && old_uri != new_uri) erase_raw(rs::kUriKind, old_uri, std::nullopt);
  if (new_uri.empty()) return;
  const bool is_ours = old_uri == new_uri;
  if (is_ours && before->name == after->name) return;
  put_raw(rs::kUriKind, new_uri, owned_by(after->name),
          is_ours ? std::nullopt : std::optional<std::int64_t>(0));
}

void ResourceServerTransaction::move_scopes(const rs::ResourceServer* before,
                                            const rs::ResourceServer* after,
                                            const json::Object& document) {
  if (before) {
    for (const auto& scope : before->scopes) {
      if (find_scope(after, scope.name)) continue;
      erase_raw(rs::kScopeKind, scope.name, std::nullopt);
      forgets_realm_ = true;
    }
  }
  const json::Value* scopes = after ? document.find("scopes") : nullptr;
  if (!scopes || !scopes->if_array()) return;
  for (const auto& definition : *scopes->if_array()) {
    json::Object text;
    text.set("resource_server", after->name);
    for (const auto& [name, value] : *definition.if_object())
      text.set(name, value);
    const std::string& name = *definition.get("name")->if_string();
    const bool is_ours = find_scope(before, name) != nullptr;
    if (!is_ours) forgets_realm_ = true;
    put_raw(rs::kScopeKind, name, json::dump(text),
            is_ours ? std::nullopt : std::optional<std::int64_t>(0));
  }
}

// Of the keys of one kid: those that no token can hold any more go, and those that this resource
// server drops go when no token can.
Status ResourceServerTransaction::drop_direct_keys(const std::vector<storage::Document>& stored,
                                                   const std::string& kid,
                                                   const rs::ResourceServer* before,
                                                   const rs::ResourceServer* after) {
  const Instant now = services_.oauth->clock->now();
  const Seconds skew = services_.oauth->keeper->policy().clock_skew;
  std::size_t others = 0;
  for (const auto& document : stored) {
    if (!document.id.starts_with(rs::direct_key_prefix(kid))) break;
    if (has_direct_key(after, document.id)) continue;  // it is put anew
    TRY(rs::DirectKey key, rs::DirectKey::from_text(document.text));
    if (key.is_over(now, skew)) {
      transaction_.emplace_back(storage::ForgetDocument{document});
      continue;
    }
    ++others;
    if (key.until || !before || !rs::is_direct_key_of(document.id, kid, before->name)) continue;
    key.until = now + rs::kDirectKeyKept;
    put_raw(rs::kDirectKeyKind, document.id, key.to_text(), document.revision);
  }
  if (others < rs::kMostOfOneKid || !uses_direct_kid(after, kid)) return Done{};
  return rs::direct_kid_taken(others, kid);
}

Task<Done> ResourceServerTransaction::move_direct_keys(const rs::ResourceServer* before,
                                                       const rs::ResourceServer* after) {
  std::set<std::string> kids;
  add_direct_kids(before, kids);
  add_direct_kids(after, kids);
  for (const std::string& kid : kids) {
    CO_TRY(const auto stored, co_await services_.oauth->storage->documents(
                                  std::string(rs::kDirectKeyKind), realm_,
                                  rs::direct_key_prefix(kid), kMostDirectKeysSwept));
    CO_TRY(drop_direct_keys(stored, kid, before, after));
  }
  if (!encrypts_directly(after)) co_return Done{};
  for (const auto& key : after->keys) {
    if (!key.is_symmetric()) continue;
    CO_TRY(const auto kept, rs::DirectKey::seal(key, std::nullopt, services_.seal));
    put_raw(rs::kDirectKeyKind, rs::direct_key_id(key, after->name), kept.to_text(), std::nullopt);
  }
  co_return Done{};
}

Task<Done> ResourceServerTransaction::erase_lost_keys(std::string name) {
  storage::DocumentPages pages(services_.oauth->storage, std::string(rs::kDirectKeyKind), realm_);
  while (true) {
    CO_TRY(const std::vector<storage::Document> page, co_await pages.next());
    if (page.empty()) co_return Done{};
    for (const auto& document : page) {
      const std::string kid = document.id.substr(0, document.id.find('\n'));
      if (!rs::is_direct_key_of(document.id, kid, name)) continue;
      CO_TRY(rs::DirectKey key, rs::DirectKey::from_text(document.text));
      if (!key.open(services_.oauth->unseal).ok()) {
        erase_raw(rs::kDirectKeyKind, document.id, document.revision);
      } else if (!key.until) {
        key.until = services_.oauth->clock->now() + rs::kDirectKeyKept;
        put_raw(rs::kDirectKeyKind, document.id, key.to_text(), document.revision);
      }
    }
  }
}

void ResourceServerTransaction::rename_in(const PolicyRecord& policy, const std::string& name) {
  auto document = json::parse_object(policy.document.text);
  if (!document.ok()) return;
  document->set("resource_server", name);
  put_raw(rs::kPolicyKind, policy.document.id, json::dump(*document), policy.document.revision);
}

void ResourceServerTransaction::state(const StateRecord& before, const rs::State& after) {
  transaction_.emplace_back(put_state(realm_, after, before.revision));
  forgets_realm_ = true;
}

void ResourceServerTransaction::event(std::string name, json::Object detail) {
  transaction_.emplace_back(audit(services_, realm_, std::move(name), actor_, detail));
}

void ResourceServerTransaction::seeded(const std::string& name) {
  transaction_.emplace_back(seeded_once(rs::kKind, realm_, name));
}

Task<bool> ResourceServerTransaction::commit() {
  if (forgets_realm_) changes_.push_back({"realm", realm_, {}});
  co_return co_await commit_if_first(services_, std::move(transaction_), std::move(changes_));
}

}  // namespace signet::admin
