// GET /admin/realms/*/resource-servers/preview: what another default would touch, before it does.

#include <algorithm>

#include "admin/handlers.h"
#include "admin/operator_change.h"
#include "admin/resource_server_records.h"
#include "jose/algorithm_info.h"
#include "realms/realm_settings.h"

namespace signet::admin {
namespace {

namespace rs = resource_servers;

json::Value text_or_null(std::string_view text) {
  return text.empty() ? json::Value() : json::Value(text);
}

// How tokens for it are made; an empty name: no default and no built-in one, the server's key.
Task<json::Object> described(const AdminServices& services, RealmName realm, rs::State state,
                             std::string name) {
  json::Object out;
  out.set("name", text_or_null(name));
  rs::ResourceServer server;
  if (!name.empty()) {
    CO_TRY(const auto record, co_await existing_resource_server(services, realm, state, name));
    CO_TRY(server, rs::ResourceServer::from_json(record.document));
  }
  out.set("encryption", rs::to_string(server.encryption));
  out.set("key_encryption_algorithm",
          server.key_alg ? json::Value(jose::name(*server.key_alg)) : json::Value());
  const bool has_content = server.encryption == rs::Encryption::kResourceServerKey;
  out.set("token_encryption_algorithm",
          has_content ? json::Value(jose::name(server.content_enc)) : json::Value());
  out.set("format", server.format ? json::Value(tokens::to_string(*server.format)) : json::Value());
  out.set("signing_algorithm",
          server.signing_alg ? json::Value(jose::name(*server.signing_alg)) : json::Value());
  out.set("lifetime",
          server.lifetime ? json::Value(std::int64_t{server.lifetime->count()}) : json::Value());
  out.set("audience", text_or_null(server.audience()));
  co_return out;
}

bool asks_for_one_of(const rs::InjectPolicy& policy,
                     const std::vector<rs::ScopeDefinition>& scopes) {
  return std::any_of(scopes.begin(), scopes.end(), [&](const rs::ScopeDefinition& scope) {
    return std::find(policy.scopes.begin(), policy.scopes.end(), scope.name) != policy.scopes.end();
  });
}

json::Object names_of(const std::vector<PolicyRecord>& policies) {
  json::Array names;
  for (std::size_t i = 0; i < std::min(policies.size(), kMostShown); ++i)
    names.emplace_back(policies[i].policy.name);
  json::Object out;
  out.set("names", std::move(names));
  out.set("count", std::int64_t(policies.size()));
  return out;
}

Result<bool> is_strict(const storage::Document& realm) {
  TRY(const json::Object members, json::parse_object(realm.text));
  TRY(const auto settings, realms::RealmSettings::from_json(members));
  return settings.strict_resource_servers;
}

json::Object tokens_json(bool strict) {
  json::Object out;
  out.set("strict", strict);
  out.set("what", strict ? "strict mode: tokens that were encrypted with the key of another "
                           "resource server than the new default become inactive where a request "
                           "names none"
                         : "tokens that live stay readable and active");
  return out;
}

/// What is asked about: another default, or a deletion.
struct ChangeAsked {
  bool is_deletion = false;
  std::string name;
};

/// Nothing where the query names neither.
Result<std::optional<ChangeAsked>> change_asked(const AdminRequest& request) {
  const std::string wanted = query_value(request, "default", "");
  const std::string deleted = query_value(request, "delete", "");
  if (!wanted.empty() && !deleted.empty())
    return Error{Code::kInvalid, "preview_unclear", "give either default or delete"};
  std::optional<ChangeAsked> out;
  if (!wanted.empty()) out = ChangeAsked{false, wanted};
  if (!deleted.empty()) out = ChangeAsked{true, deleted};
  return out;
}

Result<rs::State> state_after(const rs::State& state, const ChangeAsked& asked) {
  if (asked.is_deletion) return rs::after_delete(state, asked.name);
  rs::State after = state;
  after.default_name = asked.name;
  return after;
}

json::Value refusal(const char* code, std::string_view detail) {
  json::Object why;
  why.set("code", code);
  why.set("detail", detail);
  return json::Value(std::move(why));
}

struct PoliciesTouched {
  std::vector<PolicyRecord> by_default, by_name, by_scope;
};

Task<PoliciesTouched> policies_touched(const AdminServices& services, RealmName realm,
                                       ChangeAsked asked, rs::ResourceServer server) {
  PoliciesTouched out;
  std::function<bool(const rs::InjectPolicy&)> follows = [](const rs::InjectPolicy& policy) {
    return policy.resource_server.empty();
  };
  CO_TRY(out.by_default, co_await policies_where(services, realm, follows));
  if (!asked.is_deletion) co_return out;
  std::function<bool(const rs::InjectPolicy&)> names_it = [asked](const rs::InjectPolicy& policy) {
    return policy.resource_server == asked.name;
  };
  CO_TRY(out.by_name, co_await policies_where(services, realm, names_it));
  std::function<bool(const rs::InjectPolicy&)> loses_scope =
      [&server](const rs::InjectPolicy& policy) { return asks_for_one_of(policy, server.scopes); };
  CO_TRY(out.by_scope, co_await policies_where(services, realm, loses_scope));
  co_return out;
}

Task<json::Object> defaults_json(const AdminServices& services, RealmName realm, rs::State before,
                                 rs::State after) {
  CO_TRY(auto now, co_await described(services, realm, before,
                                      std::string(rs::select(before, std::nullopt))));
  CO_TRY(auto then,
         co_await described(services, realm, after, std::string(rs::select(after, std::nullopt))));
  json::Object out;
  out.set("before", std::move(now));
  out.set("after", std::move(then));
  co_return out;
}

Task<json::Object> clients_json(const AdminServices& services, RealmName realm) {
  CO_TRY(const auto clients, co_await services.oauth->storage->count_documents("client", realm));
  json::Object out;
  out.set("count", clients);
  out.set("what",
          "all clients of the realm: those that never name a resource server cannot be told "
          "from those that do");
  co_return out;
}

}  // namespace

Task<AdminReply> preview_resource_servers(const AdminServices& services, AdminRequest request) {
  CO_TRY(const auto asked, change_asked(request));
  if (!asked) {
    request.parameters.emplace_back("preview");  // one may be called so
    co_return co_await get_resource_server(services, std::move(request));
  }
  const RealmName realm = realm_parameter(request);
  CO_TRY(const auto document, co_await existing_realm(services, realm));
  CO_TRY(const auto state, co_await load_state(services, realm));
  CO_TRY(const auto record,
         co_await existing_resource_server(services, realm, state.state, asked->name));
  CO_TRY(const auto server, rs::ResourceServer::from_json(record.document));
  const auto changed = state_after(state.state, *asked);
  const rs::State after = changed.ok() ? *changed : state.state;
  CO_TRY(const auto policies, co_await policies_touched(services, realm, *asked, server));
  json::Value refused;
  if (!changed.ok()) {
    refused = refusal(changed.error().reason, changed.error().detail);
  } else if (!policies.by_name.empty()) {
    refused = refusal("resource_server_in_use", "inject policies name it");
  }
  CO_TRY(auto clients, co_await clients_json(services, realm));
  CO_TRY(const bool strict, is_strict(document));
  CO_TRY(auto defaults, co_await defaults_json(services, realm, state.state, after));

  AdminReply reply;
  json::Object change;
  change.set(asked->is_deletion ? "delete" : "default", asked->name);
  reply.body.set("change", std::move(change));
  reply.body.set("changes_default",
                 rs::select(state.state, std::nullopt) != rs::select(after, std::nullopt));
  reply.body.set("default", std::move(defaults));
  reply.body.set("clients", std::move(clients));
  reply.body.set("inject_policies_by_default", names_of(policies.by_default));
  reply.body.set("inject_policies_by_name", names_of(policies.by_name));
  reply.body.set("inject_policies_by_scope", names_of(policies.by_scope));
  reply.body.set("live_tokens", tokens_json(strict));
  reply.body.set("refused", std::move(refused));
  co_return reply;
}

}  // namespace signet::admin
