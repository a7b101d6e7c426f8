#pragma once
// The handlers behind the route table of admin_api.cc.

#include <optional>
#include <string>
#include <vector>

#include "admin/admin_api.h"
#include "base/json_fields.h"

namespace signet::admin {

/// One request, taken apart.
struct AdminRequest {
  std::vector<std::string> parameters;  ///< of the path, in order
  std::string query;
  std::string body;
  std::string if_match, if_none_match;
  std::string actor;
};

struct AdminReply {
  int status = 200;
  json::Object body;  ///< empty for 204
};

using AdminHandler = Task<AdminReply> (*)(const AdminServices&, AdminRequest);

Task<AdminReply> list_realms(const AdminServices& services, AdminRequest request);
Task<AdminReply> get_realm(const AdminServices& services, AdminRequest request);
Task<AdminReply> replace_realm(const AdminServices& services, AdminRequest request);
Task<AdminReply> delete_realm(const AdminServices& services, AdminRequest request);
Task<AdminReply> list_clients(const AdminServices& services, AdminRequest request);
Task<AdminReply> get_client(const AdminServices& services, AdminRequest request);
Task<AdminReply> replace_client(const AdminServices& services, AdminRequest request);
Task<AdminReply> delete_client(const AdminServices& services, AdminRequest request);
Task<AdminReply> list_resource_servers(const AdminServices& services, AdminRequest request);
Task<AdminReply> get_resource_server(const AdminServices& services, AdminRequest request);
Task<AdminReply> replace_resource_server(const AdminServices& services, AdminRequest request);
Task<AdminReply> delete_resource_server(const AdminServices& services, AdminRequest request);
Task<AdminReply> test_resource_server(const AdminServices& services, AdminRequest request);
Task<AdminReply> preview_resource_servers(const AdminServices& services, AdminRequest request);
Task<AdminReply> list_inject_policies(const AdminServices& services, AdminRequest request);
Task<AdminReply> get_inject_policy(const AdminServices& services, AdminRequest request);
Task<AdminReply> replace_inject_policy(const AdminServices& services, AdminRequest request);
Task<AdminReply> delete_inject_policy(const AdminServices& services, AdminRequest request);
Task<AdminReply> list_secrets(const AdminServices& services, AdminRequest request);
Task<AdminReply> publish_secret(const AdminServices& services, AdminRequest request);
Task<AdminReply> activate_secret(const AdminServices& services, AdminRequest request);
Task<AdminReply> retire_secret(const AdminServices& services, AdminRequest request);
Task<AdminReply> rotate_secret(const AdminServices& services, AdminRequest request);
Task<AdminReply> compromise_secret(const AdminServices& services, AdminRequest request);
Task<AdminReply> show_plan(const AdminServices& services, AdminRequest request);
Task<AdminReply> apply_plan(const AdminServices& services, AdminRequest request);
Task<AdminReply> show_usage(const AdminServices& services, AdminRequest request);
Task<AdminReply> check_invariants(const AdminServices& services, AdminRequest request);
Task<AdminReply> list_mappings(const AdminServices& services, AdminRequest request);
Task<AdminReply> replace_mapping(const AdminServices& services, AdminRequest request);
Task<AdminReply> undo_mapping(const AdminServices& services, AdminRequest request);
Task<AdminReply> list_stores(const AdminServices& services, AdminRequest request);
Task<AdminReply> list_audit(const AdminServices& services, AdminRequest request);
Task<AdminReply> list_instances(const AdminServices& services, AdminRequest request);
Task<AdminReply> show_sealing(const AdminServices& services, AdminRequest request);
Task<AdminReply> renew_sealing(const AdminServices& services, AdminRequest request);
Task<AdminReply> get_health(const AdminServices& services, AdminRequest request);

/// A step in the life of a key.
using StepCall = Task<Done> (secrets::Keeper::*)(secrets::Keeper::StepRequest);
/// The step that a body asks for; without an alias where it names none.
Result<secrets::Keeper::StepRequest> read_step(const AdminRequest& request);

/// One step of a plan; `kid` is empty where the key is still to be made.
json::Object plan_step(std::string_view name, const Alias& alias, const KeyId& kid,
                       Instant not_before, bool done);
/// The longest life of a token that a key of the realm may make; without a realm: of any realm,
/// since all may use the key.
Task<Seconds> longest_lifetime(const AdminServices& services, RealmName realm);

/// How many of a kind an answer names that tells of all of them.
inline constexpr std::size_t kMostShown = 100;

/// The realm that the path names.
RealmName realm_parameter(const AdminRequest& request);
/// The client that the path names. What a path cannot hold without a second reading (`/`, `\`, `;`,
/// `%`, "." and "..") and what begins with `~` is written as `~` and base64url: kInvalid
/// "client_id_malformed".
Result<std::string> client_parameter(const AdminRequest& request);
/// As RFC 3339 writes it.
json::Value time_or_null(const std::optional<Instant>& at);
/// The same of a time that is the first of all where it is not known, such as the horizon of a key
/// that never made a token.
json::Value known_time(Instant at);
/// Says under `name` whether it is so, and in `reason` and `detail` why not: null where it is.
void add_verdict(json::Object& out, std::string_view name, const Status& verdict);
/// What health says of the key sets that resource servers publish by URL.
struct KeySetHealth {
  bool is_ok = true;
  std::string detail;
  json::Array failing;  ///< the first of them
};
KeySetHealth key_set_health(const oauth::Services& services);
/// What health says of kids that name two keys.
struct KidHealth {
  bool is_ok = true;
  std::string detail;
  json::Array clashes;  ///< the first of them
};
KidHealth kid_health(const oauth::Services& services);
/// What health says of keys that no store holds any more, and of such that sign too early.
struct KeyHealth {
  bool is_ok = true;
  std::string detail;
};
KeyHealth key_health(const oauth::Services& services);
/// What this instance knows of the key set at a URL, and why it could not be read or used; null for
/// no URL.
json::Value key_set_of(const oauth::Services& services, const std::string& url);
/// What health says of a clock that was set here within the last hour; empty: it was not.
std::string clock_was_set(const AdminServices& services);
/// Which live instances have a clock that is apart from ours; empty: none.
std::string clocks_apart(const AdminServices& services);

/// Why a rule of planned rotation does not go on; empty: it does.
std::string rotation_fault(const secrets::RotationStatus& status);
/// The same of all rules for the ID over stores of the realm; empty as well where there are none.
std::string rotation_fault_of(const AdminServices& services, const RealmName& realm,
                              const secrets::SecretId& id);

/// What health says of the keys that seal: `detail` names those that may still be needed beside the
/// first one.
struct SealingHealth {
  bool is_ok = true;
  std::string detail;
};
Task<SealingHealth> sealing_health(const AdminServices& services, bool storage_answers);

/// The revision that If-Match or If-None-Match asks for; nothing if neither is there.
Result<std::optional<std::int64_t>> expected_revision(const AdminRequest& request);
/// One value of the query string, or `fallback`.
std::string query_value(const AdminRequest& request, std::string_view name, std::string fallback);
std::int64_t query_number(const AdminRequest& request, std::string_view name,
                          std::int64_t fallback);

/// The part of a list that a request asks for.
struct PageAsked {
  std::size_t limit;  ///< 1 to 1000; 100 where none is asked for
  std::string after;  ///< the key of the last item of the part before; empty: from the first
};
PageAsked page_asked(const AdminRequest& request);
/// The items of that part under `name`, and as "next" what asks for the part after it: null where
/// `found` says that there can be none.
AdminReply list_reply(std::string name, json::Array items, const PageAsked& asked,
                      const std::vector<storage::Document>& found);

}  // namespace signet::admin
