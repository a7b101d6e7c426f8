// DELETE of a client: not while inject policies name it.

#include "admin/handlers.h"
#include "admin/operator_change.h"
#include "admin/resource_server_records.h"

namespace signet::admin {
namespace {

// False where somebody else changed the client meanwhile: begin anew. A policy that names it writes
// it too, so neither overlooks the other.
Task<bool> try_to_erase_client(const AdminServices& services, RealmName realm, std::string id,
                               std::optional<std::int64_t> expected, std::string actor) {
  CO_TRY(const auto document, co_await existing_client(services, realm, id));
  if (expected && *expected != document.revision) co_return lost_revision(id, document.revision);
  std::function<bool(const resource_servers::InjectPolicy&)> names_it =
      [id](const resource_servers::InjectPolicy& policy) { return policy.client.view() == id; };
  CO_TRY(const auto policies, co_await policies_where(services, realm, names_it));
  if (!policies.empty()) co_return used_by_policies("client_in_use", id, policies);
  storage::Transaction transaction;
  transaction.emplace_back(storage::EraseDocument{"client", realm, id, document.revision});
  transaction.emplace_back(audit_of(services, realm, "client.deleted", std::move(actor), id));
  CacheChanges changes;
  changes.push_back({"client", realm, id});
  co_return co_await commit_if_first(services, std::move(transaction), std::move(changes));
}

}  // namespace

Task<AdminReply> delete_client(const AdminServices& services, AdminRequest request) {
  const RealmName realm = realm_parameter(request);
  CO_TRY(const std::string id, client_parameter(request));
  CO_TRY(const auto expected, expected_revision(request));
  for (int i = 0; i < kMostTries; ++i) {
    CO_TRY(const bool is_done,
           co_await try_to_erase_client(services, realm, id, expected, request.actor));
    if (is_done) co_return AdminReply{204, {}};
  }
  co_return client_busy();
}

}  // namespace signet::admin
