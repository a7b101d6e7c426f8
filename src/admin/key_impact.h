#pragma once
// Who depends on the keys of a ring.

#include <utility>
#include <vector>

#include "admin/admin_api.h"

namespace signet::admin {

struct KeyImpact {
  std::vector<RealmName> realms;  ///< that resolve the ID to this ring
  /// Whose access tokens are signed or encrypted by the ID: by their own settings or the realm's.
  std::vector<std::pair<RealmName, ClientId>> clients;
};

/// `ring_realm`: whose journal holds the keys; empty: the global ring, which realms share.
Task<KeyImpact> impact_of(const AdminServices& services, RealmName ring_realm,
                          secrets::SecretId id);

/// {"realms": [...], "clients": [{"realm", "client_id"}...], "client_count": n}: at most 100 of
/// each.
void add_impact(json::Object& out, const KeyImpact& impact);

}  // namespace signet::admin
