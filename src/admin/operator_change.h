#pragma once
// What changes by operators have in common: what they start from, the audit trail, and the commit
// that every cache is told of.

#include <optional>
#include <string>
#include <vector>

#include "admin/admin_api.h"
#include "oauth/endpoints/change_feed.h"

namespace signet::admin {

/// kNotFound "realm_unknown".
Task<storage::Document> existing_realm(const AdminServices& services, RealmName realm);
/// The same before the keys of a realm are asked for, which would be made ready for any name; the
/// empty one is that of the global keys.
Task<Done> check_realm(const AdminServices& services, RealmName realm);
/// kNotFound "client_unknown".
Task<storage::Document> existing_client(const AdminServices& services, RealmName realm,
                                        std::string id);

/// The alias as the store compares and stores it; as it is where there is no such store.
Alias canonical_alias(const AdminServices& services, const RealmName& realm, const StoreName& store,
                      const Alias& alias);

/// One event of the audit trail; `detail` never holds a secret.
storage::AppendAudit audit(const AdminServices& services, const RealmName& realm, std::string event,
                           std::string actor, const json::Object& detail);
/// The same where there is no more to tell than the id of what changed.
storage::AppendAudit audit_of(const AdminServices& services, const RealmName& realm,
                              std::string event, std::string actor, std::string_view id);

/// What caches are to forget.
using CacheChanges = std::vector<oauth::ChangeFeed::Change>;
/// What a transaction that adds to a realm says: the realm is still there. Its deletion says that
/// nothing else is (delete_realm()), so neither overlooks the other.
storage::RequireDocument require_realm(const RealmName& realm);
/// Commits, and then tells every cache, whatever the commit says: where it failed the change may be
/// durable all the same. Fails as storage does; kNotFound "realm_unknown" where require_realm()
/// does not hold.
Task<Done> commit_and_tell(const AdminServices& services, storage::Transaction transaction,
                           CacheChanges changes);
/// The same for a change that is made anew where it lost: false if somebody else was faster, also
/// where what is to be empty no longer is.
Task<bool> commit_if_first(const AdminServices& services, storage::Transaction transaction,
                           CacheChanges changes);
/// How often it is made anew before it is given up. Of those who write at once one comes through
/// each time, and tools that describe infrastructure write ten things at once.
inline constexpr int kMostTries = 50;

/// kConflict "revision_conflict": the document is stored with another revision than the one asked
/// for.
Error lost_revision(const std::string& name, std::int64_t revision);
/// kConflict: others changed the client each of kMostTries times.
Error client_busy();

}  // namespace signet::admin
