#pragma once

#include "admin/admin_api.h"

namespace signet::admin {

/// Stores an inject policy from its document. "settings_invalid", "client_unknown",
/// "resource_server_unknown", "scope_undefined", "revision_conflict", "resource_server_busy".
Task<StoredRevision> put_inject_policy(const AdminServices& services, RealmName realm,
                                       json::Object document, std::optional<std::int64_t> expected,
                                       std::string actor, Origin origin = Origin::kOperator);

}  // namespace signet::admin
