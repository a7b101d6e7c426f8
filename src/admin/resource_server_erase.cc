// DELETE of a resource server: not while inject policies name it.

#include "admin/operator_change.h"
#include "admin/resource_server_change.h"
#include "admin/resource_server_transaction.h"
#include "resource_servers/direct_key.h"
#include "storage/document_pages.h"

namespace signet::admin {
namespace {

namespace rs = resource_servers;

// What stands beside resource servers. Where only the built-in one is left these are its own, and
// keys for `dir` that were kept for tokens which nobody will know any more.
constexpr std::string_view kOfResourceServers[] = {rs::kUriKind, rs::kScopeKind,
                                                   rs::kDirectKeyKind};

Task<bool> try_to_erase(const AdminServices& services, RealmName realm, std::string name,
                        std::optional<std::int64_t> expected, std::string actor) {
  CO_TRY(const auto state, co_await load_state(services, realm));
  CO_TRY(const auto before, co_await erasable_resource_server(services, realm, state.state, name));
  if (expected && *expected != before.revision) co_return lost_revision(name, before.revision);
  CO_TRY(const auto after, rs::after_delete(state.state, name));
  std::function<bool(const rs::InjectPolicy&)> names_it = [name](const rs::InjectPolicy& policy) {
    return policy.resource_server == name;
  };
  CO_TRY(const auto policies, co_await policies_where(services, realm, names_it));
  if (!policies.empty()) co_return used_by_policies("resource_server_in_use", name, policies);
  CO_TRY(const auto server, rs::ResourceServer::from_json(before.document));
  ResourceServerTransaction transaction(services, realm, actor);
  if (before.revision > 0) transaction.erase(name, before.revision);
  transaction.move_uri(&server, nullptr);
  transaction.move_scopes(&server, nullptr, before.document);
  CO_TRY(co_await transaction.move_direct_keys(&server, nullptr));
  if (before.is_lost) {
    CO_TRY(co_await transaction.erase_lost_keys(name));
  }
  transaction.state(state, after);
  json::Object detail;
  detail.set("id", name);
  transaction.event("resource_server.deleted", detail);
  if (after.default_name != state.state.default_name) {
    json::Object change;
    change.set("id", name);
    change.set("default", after.default_name);
    change.set("before", state.state.default_name);
    transaction.event("resource_server.default_changed", std::move(change));
  }
  co_return co_await transaction.commit();
}

}  // namespace

Task<Done> erase_resource_server(const AdminServices& services, RealmName realm, std::string name,
                                 std::optional<std::int64_t> expected, std::string actor) {
  CO_TRY(co_await existing_realm(services, realm));
  for (int i = 0; i < kMostTries; ++i) {
    CO_TRY(const bool is_done, co_await try_to_erase(services, realm, name, expected, actor));
    if (is_done) co_return Done{};
  }
  co_return resource_server_busy();
}

Task<storage::Transaction> erase_with_realm(const AdminServices& services, RealmName realm) {
  auto& storage = *services.oauth->storage;
  CO_TRY(const auto state, co_await load_state(services, realm));
  CO_TRY(const auto policies,
         co_await storage.count_documents(std::string(rs::kPolicyKind), realm));
  CO_TRY(auto others, co_await storage.count_documents(std::string(rs::kKind), realm));
  CO_TRY(const auto built_in, co_await find_resource_server(services, realm, state.state,
                                                            state.state.identity_provider));
  const bool is_written = built_in && built_in->revision > 0;
  if (is_written) --others;
  if (others > 0 || policies > 0) {
    std::string detail = "the realm still has ";
    detail += std::to_string(others) + " resource servers and ";
    detail += std::to_string(policies) + " inject policies; delete them first";
    co_return Error{Code::kConflict, "realm_not_empty", std::move(detail)};
  }
  storage::Transaction out;
  out.emplace_back(storage::EraseDocument{std::string(rs::kStateKind), realm,
                                          std::string(rs::kStateId), std::nullopt});
  if (is_written)
    out.emplace_back(storage::EraseDocument{std::string(rs::kKind), realm,
                                            state.state.identity_provider, std::nullopt});
  for (const std::string_view kind : kOfResourceServers) {
    storage::DocumentPages pages(services.oauth->storage, std::string(kind), realm);
    while (true) {
      CO_TRY(const std::vector<storage::Document> page, co_await pages.next());
      if (page.empty()) break;
      for (const auto& document : page)
        out.emplace_back(storage::EraseDocument{document.kind, realm, document.id, std::nullopt});
    }
    out.emplace_back(storage::RequireNoDocuments{std::string(kind), realm});
  }
  out.emplace_back(storage::RequireNoDocuments{std::string(rs::kKind), realm});
  out.emplace_back(storage::RequireNoDocuments{std::string(rs::kPolicyKind), realm});
  co_return out;
}

}  // namespace signet::admin
