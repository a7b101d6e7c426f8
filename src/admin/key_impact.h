#pragma once
// Who depends on the keys of a ring.

#include <string>
#include <utility>
#include <vector>

#include "admin/admin_api.h"

namespace signet::admin {

struct KeyImpact {
  std::vector<RealmName> realms;  ///< that resolve the ID to this ring
  /// Whose access tokens are signed or encrypted by the ID: by their own settings or the realm's.
  std::vector<std::pair<RealmName, ClientId>> clients;
  /// For which access tokens are signed or encrypted by the ID: by the resource server's settings,
  /// or where those leave it open by those of the realm or of one of its clients. The built-in one
  /// is among them, and one whose document cannot be read.
  std::vector<std::pair<RealmName, std::string>> resource_servers;
};

/// `ring_realm`: whose journal holds the keys; empty: the global ring, which realms share.
Task<KeyImpact> impact_of(const AdminServices& services, RealmName ring_realm,
                          secrets::SecretId id);

/// {"realms": [...], "clients": [{"realm", "client_id"}...], "resource_servers": [{"realm",
/// "name"}...]}, at most 100 of each, and "realm_count", "client_count", "resource_server_count".
void add_impact(json::Object& out, const KeyImpact& impact);

/// Until when tokens of a key can be alive, whichever instance made them.
Instant horizon_in(const std::vector<storage::KeyRecord>& records, const secrets::SecretId& id,
                   const secrets::RingEntry& entry);

}  // namespace signet::admin
