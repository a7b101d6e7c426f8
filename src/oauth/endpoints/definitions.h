#pragma once

#include "oauth/endpoints/worker_state.h"

namespace signet::oauth {

// What a worker does not have yet of clients, resource servers, scopes and policies: read from
// storage and kept for the next request.

/// A document as it stands; none if there is none. Read until no change was followed meanwhile:
/// such a change will not be told again, and what is kept of this reading would stay old.
Task<std::optional<json::Object>> load_definition(const Services& services,
                                                  const WorkerState& worker, std::string kind,
                                                  RealmName realm, std::string id);

/// Null if there is none of that name; "" is what serves where there is no default: the server's
/// key. "seal_..." of unseal, "settings_invalid" where a stored document is none.
Task<PreparedResourceServerPtr> load_resource_server(const Services& services, WorkerState& worker,
                                                     RealmRuntimePtr realm, std::string name);
/// The name of the resource server that a URI names; empty if there is none.
Task<std::string> load_resource_uri(const Services& services, WorkerState& worker, RealmName realm,
                                    std::string uri);
/// Null if the scope is defined at no resource server.
Task<ScopeDefinitionPtr> load_scope(const Services& services, WorkerState& worker, RealmName realm,
                                    std::string name);

/// Null if there is none of that name.
Task<PreparedPolicyPtr> load_inject_policy(const Services& services, WorkerState& worker,
                                           RealmName realm, std::string name);

/// The keys that resource servers have, or lately had, for `dir` under this kid.
Task<DirectKeysPtr> load_direct_keys(const Services& services, WorkerState& worker, RealmName realm,
                                     std::string kid);

}  // namespace signet::oauth
