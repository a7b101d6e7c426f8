#pragma once
// Resource servers written and erased.

#include "admin/resource_server_trial.h"

namespace signet::admin {

struct ResourceServerPut {
  std::string name;       ///< the present one; empty: the document's
  json::Object document;  ///< as an operator wrote it; another `name` in it renames
  std::optional<std::int64_t> expected;
  Trial trial = Trial::kWhole;
  std::string actor;
  /// With kConfiguration the document takes the place of no other default than the built-in one.
  Origin origin = Origin::kOperator;
};
struct StoredResourceServer {
  StoredRevision stored;
  json::Object document;  ///< as shown: without symmetric keys
  bool untested = false;
  std::string kept_default;  ///< the one whose place it would have taken; empty: none
  std::vector<std::string> warnings;
};
/// "realm_unknown", "revision_conflict", "settings_invalid", "resource_server_contradiction",
/// "resource_server_key_missing", "resource_server_trial_failed", "resource_server_exists",
/// "resource_server_name_reserved", "resource_server_is_default", "resource_uri_taken",
/// "scope_defined_elsewhere", "resource_server_busy" (others were faster, several times).
Task<StoredResourceServer> put_resource_server(const AdminServices& services, RealmName realm,
                                               ResourceServerPut put);

/// "resource_server_unknown", "resource_server_in_use", "resource_server_is_default",
/// "revision_conflict", "resource_server_busy".
Task<Done> erase_resource_server(const AdminServices& services, RealmName realm, std::string name,
                                 std::optional<std::int64_t> expected, std::string actor);

/// What must go with the realm: its state, and the built-in resource server, which nobody can
/// delete while it is the default. The transaction holds only while no other resource server and no
/// inject policy has come. kConflict "realm_not_empty" while there are some already.
Task<storage::Transaction> erase_with_realm(const AdminServices& services, RealmName realm);

/// What is said when a change of resource servers or inject policies lost again and again.
Error resource_server_busy();

}  // namespace signet::admin
