#pragma once
// Resource servers and what belongs to them, as storage has them.

#include "admin/admin_api.h"
#include "resource_servers/inject_policy.h"
#include "resource_servers/selection.h"

namespace signet::admin {

struct StateRecord {
  resource_servers::State state;
  std::int64_t revision = 0;  ///< 0: not written yet
};
Task<StateRecord> load_state(const AdminServices& services, RealmName realm);
/// The change that writes the state over the revision that was read: of two at once one is lost.
storage::PutDocument put_state(const RealmName& realm, const resource_servers::State& state,
                               std::int64_t expected);

/// One resource server. The document is in the operator's form: it may hold symmetric keys.
struct ResourceServerRecord {
  json::Object document;
  std::int64_t revision = 0;  ///< 0: the built-in one, which nobody has written
  /// Its keys open no more: what it says of access tokens is left out.
  bool is_lost = false;
};
/// kNotFound "resource_server_unknown".
Task<ResourceServerRecord> existing_resource_server(const AdminServices& services, RealmName realm,
                                                    resource_servers::State state,
                                                    std::string name);
/// The same to be deleted, also where the key that sealed its keys is lost.
Task<ResourceServerRecord> erasable_resource_server(const AdminServices& services, RealmName realm,
                                                    resource_servers::State state,
                                                    std::string name);
/// The same, nothing where there is none.
Task<std::optional<ResourceServerRecord>> find_resource_server(const AdminServices& services,
                                                               RealmName realm,
                                                               resource_servers::State state,
                                                               std::string name);
Result<ResourceServerRecord> read_resource_server(const AdminServices& services,
                                                  const storage::Document& document);
/// As operators see it: without the `k` of symmetric keys, with `default` and `built_in`.
json::Object shown_resource_server(json::Object document, const resource_servers::State& state);

/// The inject policies of a realm for which `is_wanted` is true.
struct PolicyRecord {
  storage::Document document;
  resource_servers::InjectPolicy policy;
};
Task<std::vector<PolicyRecord>> policies_where(
    const AdminServices& services, RealmName realm,
    std::function<bool(const resource_servers::InjectPolicy&)> is_wanted);
/// kConflict `reason`: what is called `name` stays while these use it.
Error used_by_policies(const char* reason, const std::string& name,
                       const std::vector<PolicyRecord>& policies);

/// Where a scope is defined: the resource server's name, empty for the realm's own list, nothing if
/// nowhere. `realm` is the realm's document.
Task<std::optional<std::string>> scope_definer(const AdminServices& services,
                                               storage::Document realm, std::string scope);

}  // namespace signet::admin
