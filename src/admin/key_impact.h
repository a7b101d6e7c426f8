#pragma once
// Who depends on the keys of a ring.

#include <string>
#include <utility>
#include <vector>

#include "admin/admin_api.h"

namespace signet::admin {

/// How many realms, clients and resource servers, each, are read to answer one request.
inline constexpr std::size_t kMostRead = 10'000;

struct KeyImpact {
  std::vector<RealmName> realms;  ///< that resolve the ID to this ring
  /// Whose access tokens are signed or encrypted by the ID: by their own settings or the realm's.
  std::vector<std::pair<RealmName, ClientId>> clients;
  /// For which access tokens are signed or encrypted by the ID: by the resource server's settings,
  /// or where those leave it open by those of the realm or of one of its clients. The built-in one
  /// is among them, and one whose document cannot be read.
  std::vector<std::pair<RealmName, std::string>> resource_servers;
  /// False: there are more than kMostRead of a kind, and those after them are not in the lists.
  bool is_whole = true;
};

/// `ring_realm`: whose journal holds the keys; empty: the global ring, which realms share.
Task<KeyImpact> impact_of(const AdminServices& services, RealmName ring_realm,
                          secrets::SecretId id);

/// Who asks for one of these algorithms of the ID, so that without it their tokens could not be
/// made: realms by their settings; clients and resource servers by what they say themselves over
/// those. One that only leaves it to its realm is not named beside it. `realm`: whose tokens are
/// made by the keys; empty: those of all realms that resolve the ID to the global ring.
Task<KeyImpact> askers_of(const AdminServices& services, RealmName realm, secrets::SecretId id,
                          std::vector<jose::JwsAlg> algorithms);

/// {"realms": [...], "clients": [{"realm", "client_id"}...], "resource_servers": [{"realm",
/// "name"}...]}, at most 100 of each, "realm_count", "client_count", "resource_server_count", and
/// "all_read": false where the counts are of the first kMostRead.
void add_impact(json::Object& out, const KeyImpact& impact);

/// Until when tokens of a key can be alive, whichever instance made them.
Instant horizon_in(const std::vector<storage::KeyRecord>& records, const secrets::SecretId& id,
                   const secrets::RingEntry& entry);

}  // namespace signet::admin
