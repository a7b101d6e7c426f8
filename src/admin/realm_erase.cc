// DELETE of a realm: not while anything is in it.

#include "admin/handlers.h"
#include "admin/operator_change.h"
#include "admin/resource_server_change.h"
#include "base/text.h"

namespace signet::admin {
namespace {

// False where something came into the realm meanwhile, or somebody else changed it: begin anew.
Task<bool> try_to_erase_realm(const AdminServices& services, RealmName realm,
                              std::optional<std::int64_t> expected, std::string actor) {
  CO_TRY(const auto document, co_await existing_realm(services, realm));
  if (expected && *expected != document.revision)
    co_return lost_revision(realm.str(), document.revision);
  CO_TRY(const auto clients, co_await services.oauth->storage->count_documents("client", realm));
  if (clients > 0)
    co_return Error{
        Code::kConflict, "realm_not_empty",
        "the realm still has " + std::to_string(clients) + " clients; delete them first"};
  CO_TRY(storage::Transaction transaction, co_await erase_with_realm(services, realm));
  storage::RequireNoDocuments no_clients;
  no_clients.kind = "client";
  no_clients.realm = realm;
  transaction.emplace_back(std::move(no_clients));
  transaction.emplace_back(
      storage::EraseDocument{"realm", RealmName(), realm.str(), document.revision});
  transaction.emplace_back(
      audit_of(services, realm, "realm.deleted", std::move(actor), realm.view()));
  CacheChanges changes;
  changes.push_back({"realm", realm, {}});
  co_return co_await commit_if_first(services, std::move(transaction), std::move(changes));
}

}  // namespace

Task<AdminReply> delete_realm(const AdminServices& services, AdminRequest request) {
  const RealmName realm = realm_parameter(request);
  if (realm.view() == "root")
    co_return Error{Code::kConflict, "realm_is_root",
                    "the realm 'root' always stays; \"enabled\": false closes it"};
  CO_TRY(const auto expected, expected_revision(request));
  for (int i = 0; i < kMostTries; ++i) {
    CO_TRY(const bool is_done,
           co_await try_to_erase_realm(services, realm, expected, request.actor));
    if (is_done) co_return AdminReply{204, {}};
  }
  co_return Error{Code::kConflict, "realm_busy",
                  "others change this realm at this moment; try again"};
}

}  // namespace signet::admin
