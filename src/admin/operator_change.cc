#include "admin/operator_change.h"

#include "base/text.h"

namespace signet::admin {
namespace {

/// Tells the caches when it ends. Made before the commit, so that nothing can stand between the
/// two.
class Announcement {
 public:
  Announcement(const AdminServices& services, CacheChanges changes)
      : services_(services), changes_(std::move(changes)) {}
  Announcement(const Announcement&) = delete;
  ~Announcement() {
    // First the realms' snapshots, which workers come for as soon as they hear of a change.
    for (const auto& change : changes_) {
      if (change.kind == "realm") services_.directory->forget(change.realm);
    }
    for (auto& change : changes_)
      services_.oauth->changes->publish(std::move(change));
  }

 private:
  const AdminServices& services_;
  CacheChanges changes_;
};

}  // namespace

Task<storage::Document> existing_realm(const AdminServices& services, RealmName realm) {
  CO_TRY(auto document,
         co_await services.oauth->storage->document("realm", RealmName(), realm.str()));
  if (!document)
    co_return Error{Code::kNotFound, "realm_unknown", "no realm " + quoted(realm.view())};
  co_return std::move(*document);
}

Task<Done> check_realm(const AdminServices& services, RealmName realm) {
  if (realm.empty()) co_return Done{};
  CO_TRY(co_await existing_realm(services, realm));
  co_return Done{};
}

Task<storage::Document> existing_client(const AdminServices& services, RealmName realm,
                                        std::string id) {
  CO_TRY(auto document, co_await services.oauth->storage->document("client", realm, id));
  if (!document) co_return Error{Code::kNotFound, "client_unknown", "no client " + quoted(id)};
  co_return std::move(*document);
}

Alias canonical_alias(const AdminServices& services, const RealmName& realm, const StoreName& store,
                      const Alias& alias) {
  const auto known = services.oauth->keeper->store(realm, store);
  return known ? known->canonical(alias) : alias;
}

storage::AppendAudit audit(const AdminServices& services, const RealmName& realm, std::string event,
                           std::string actor, const json::Object& detail) {
  storage::AuditEvent entry;
  entry.at = services.oauth->clock->now();
  entry.realm = realm;
  entry.event = std::move(event);
  entry.actor = std::move(actor);
  entry.detail = json::dump(detail);
  return {std::move(entry)};
}

storage::AppendAudit audit_of(const AdminServices& services, const RealmName& realm,
                              std::string event, std::string actor, std::string_view id) {
  json::Object detail;
  detail.set("id", id);
  return audit(services, realm, std::move(event), std::move(actor), detail);
}

storage::RequireDocument require_realm(const RealmName& realm) {
  return {"realm", RealmName(), realm.str()};
}

Task<Done> commit_and_tell(const AdminServices& services, storage::Transaction transaction,
                           CacheChanges changes) {
  const Announcement announcement(services, std::move(changes));
  auto done = co_await services.oauth->storage->commit(std::move(transaction));
  if (!done.ok() && done.error().is("document_missing"))
    co_return Error{Code::kNotFound, "realm_unknown",
                    "the realm was deleted at this moment: " + done.error().detail};
  co_return done;
}

Task<bool> commit_if_first(const AdminServices& services, storage::Transaction transaction,
                           CacheChanges changes) {
  const auto done = co_await commit_and_tell(services, std::move(transaction), std::move(changes));
  const bool is_lost =
      !done.ok() && (done.error().is("revision_conflict") || done.error().is("documents_present"));
  if (!done.ok() && !is_lost) co_return done.error();
  co_return done.ok();
}

Error lost_revision(const std::string& name, std::int64_t revision) {
  return {
      Code::kConflict, "revision_conflict",
      quoted(name) + " is stored with revision " + std::to_string(revision) + ": read it again"};
}

Error client_busy() {
  return {Code::kConflict, "client_busy", "others change this client at this moment; try again"};
}

}  // namespace signet::admin
