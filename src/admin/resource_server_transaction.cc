#include "admin/resource_server_transaction.h"

#include <algorithm>

#include "resource_servers/document.h"

namespace signet::admin {
namespace {

namespace rs = resource_servers;

const rs::ScopeDefinition* find_scope(const rs::ResourceServer* server, const std::string& name) {
  if (!server) return nullptr;
  for (const auto& scope : server->scopes)
    if (scope.name == name) return &scope;
  return nullptr;
}

bool encrypts_directly(const rs::ResourceServer* server) {
  return server && server->key_alg == jose::JweAlg::kDir;
}

bool has_direct_key(const rs::ResourceServer* server, const std::string& kid) {
  return encrypts_directly(server) &&
         std::any_of(server->keys.begin(), server->keys.end(),
                     [&](const jose::Jwk& key) { return key.kid() == kid; });
}

std::string owned_by(const std::string& name) {
  json::Object out;
  out.set("name", name);
  return json::dump(out);
}

}  // namespace

ResourceServerTransaction::ResourceServerTransaction(const AdminServices& services, RealmName realm,
                                                     std::string actor)
    : services_(services), realm_(std::move(realm)), actor_(std::move(actor)) {}

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
  const std::string old_uri = before ? before->uri : "", new_uri = after ? after->uri : "";
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

Status ResourceServerTransaction::put_direct_key(const jose::Jwk& key, const std::string& name,
                                                 std::optional<Instant> until) {
  std::string text = json::dump(key.private_json());
  auto sealed = services_.seal(as_bytes(text));
  wipe(text);
  if (!sealed.ok()) return std::move(sealed).error();
  json::Object out;
  out.set("sealed_jwk", std::move(*sealed));
  if (until) out.set("until", unix_seconds(*until));
  put_raw(rs::kDirectKeyKind, rs::direct_key_id(key.kid(), name), json::dump(out), std::nullopt);
  return Done{};
}

Status ResourceServerTransaction::move_direct_keys(const rs::ResourceServer* before,
                                                   const rs::ResourceServer* after) {
  if (encrypts_directly(before)) {
    const Instant until = services_.oauth->clock->now() + rs::kLongestTokenLife;
    for (const auto& key : before->keys) {
      if (!key.is_symmetric() || has_direct_key(after, key.kid())) continue;
      TRY(put_direct_key(key, before->name, until));
    }
  }
  if (!encrypts_directly(after)) return Done{};
  for (const auto& key : after->keys)
    if (key.is_symmetric()) TRY(put_direct_key(key, after->name, std::nullopt));
  return Done{};
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

Task<bool> ResourceServerTransaction::commit() {
  if (forgets_realm_) changes_.push_back({"realm", realm_, {}});
  co_return co_await commit_if_first(services_, std::move(transaction_), std::move(changes_));
}

}  // namespace signet::admin
