// DELETE of a client: not while inject policies name it.

#include "admin/handlers.h"
#include "admin/resource_server_change.h"
#include "admin/resource_server_records.h"
#include "base/text.h"

namespace signet::admin {
namespace {

// False where somebody else changed the client meanwhile: begin anew. A policy that names it writes
// it too, so neither overlooks the other.
Task<bool> try_to_erase_client(const AdminServices& services, RealmName realm, std::string id,
                               std::optional<std::int64_t> expected, std::string actor) {
  CO_TRY(const auto document, co_await services.oauth->storage->document("client", realm, id));
  if (!document) co_return Error{Code::kNotFound, "client_unknown", "no client " + quoted(id)};
  if (expected && *expected != document->revision) co_return lost_revision(id, document->revision);
  std::function<bool(const resource_servers::InjectPolicy&)> names_it =
      [id](const resource_servers::InjectPolicy& policy) { return policy.client.view() == id; };
  CO_TRY(const auto policies, co_await policies_where(services, realm, names_it));
  if (!policies.empty()) {
    std::vector<std::string> names;
    for (const auto& found : policies)
      names.push_back(found.policy.name);
    std::string detail = quoted(id, 128);
    detail += " is used by the inject policies ";
    detail += names_in_words(names);
    co_return Error{Code::kConflict, "client_in_use", std::move(detail)};
  }
  storage::Transaction transaction;
  transaction.emplace_back(storage::EraseDocument{"client", realm, id, document->revision});
  json::Object detail;
  detail.set("id", id);
  transaction.emplace_back(audit(services, realm, "client.deleted", std::move(actor), detail));
  oauth::ChangeFeed::Change change{"client", realm, id};
  const auto done = co_await services.oauth->storage->commit(std::move(transaction));
  const bool was_faster = !done.ok() && done.error().is("revision_conflict");
  if (was_faster) co_return false;
  // Also after a failure: the change may be durable all the same.
  services.oauth->changes->publish(std::move(change));
  if (!done.ok()) co_return done.error();
  co_return true;
}

}  // namespace

Task<AdminReply> delete_client(const AdminServices& services, AdminRequest request) {
  const RealmName realm = realm_parameter(request);
  const std::string id = request.parameters.at(1);
  CO_TRY(const auto expected, expected_revision(request));
  for (int i = 0; i < kResourceServerTries; ++i) {
    CO_TRY(const bool is_done,
           co_await try_to_erase_client(services, realm, id, expected, request.actor));
    if (is_done) co_return AdminReply{204, {}};
  }
  co_return Error{Code::kConflict, "client_busy",
                  "others change this client at this moment; try again"};
}

}  // namespace signet::admin
