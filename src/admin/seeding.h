#pragma once
// What a configuration declares of realms is stored once. From then on it is its administrators':
// what they change, rename or delete is neither undone by a restart nor keeps one from happening.

#include <optional>
#include <string>

#include "admin/admin_api.h"

namespace signet::admin {

/// One item that a configuration declares.
struct Seed {
  std::string kind;  ///< of its document: of a realm, client, resource server or inject policy
  RealmName realm;   ///< empty for a realm
  std::string id;
  json::Object document;  ///< as an operator would write it
};

enum class SeedOutcome : std::uint8_t {
  kStored,   ///< just now
  kThere,    ///< it was stored before
  kGone,     ///< it was stored before, and deleted or renamed since: it stays so
  kRefused,  ///< it is new, and what others stored stands against it: see Seeded::conflict
};
struct Seeded {
  SeedOutcome outcome = SeedOutcome::kStored;
  /// Why it was refused. With kStored: "resource_server_default_kept", it is stored and not the
  /// default.
  std::optional<Error> conflict;
};

/// Stores the item unless it was stored once: that is remembered in the same transaction, and a
/// document that is there without it (a program before this one stored it, or an operator) is
/// remembered as well. Of several instances at once one does it. Fails where the item itself is
/// wrong, as its PUT does, and where storage does.
Task<Seeded> seed(const AdminServices& services, Seed item);

/// The change that remembers an item; it loses where it is remembered already. It outlives the item
/// and its realm.
storage::PutDocument seeded_once(std::string_view kind, const RealmName& realm,
                                 const std::string& id);

}  // namespace signet::admin
