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

}  // namespace

Task<AdminReply> preview_resource_servers(const AdminServices& services, AdminRequest request) {
  const std::string wanted = query_value(request, "default", "");
  const std::string deleted = query_value(request, "delete", "");
  if (wanted.empty() && deleted.empty()) {
    request.parameters.emplace_back("preview");  // one may be called so
    co_return co_await get_resource_server(services, std::move(request));
  }
  if (!wanted.empty() && !deleted.empty())
    co_return Error{Code::kInvalid, "preview_unclear", "give either default or delete"};
  const RealmName realm = realm_parameter(request);
  CO_TRY(const auto document, co_await existing_realm(services, realm));
  CO_TRY(const auto state, co_await load_state(services, realm));
  const std::string name = wanted.empty() ? deleted : wanted;
  CO_TRY(const auto record, co_await existing_resource_server(services, realm, state.state, name));
  CO_TRY(const auto server, rs::ResourceServer::from_json(record.document));

  rs::State after = state.state;
  json::Value refused;
  if (!wanted.empty()) {
    after.default_name = wanted;
  } else {
    const auto changed = rs::after_delete(state.state, deleted);
    if (changed.ok()) {
      after = *changed;
    } else {
      json::Object why;
      why.set("code", changed.error().reason);
      why.set("detail", changed.error().detail);
      refused = json::Value(std::move(why));
    }
  }
  std::function<bool(const rs::InjectPolicy&)> follows = [](const rs::InjectPolicy& policy) {
    return policy.resource_server.empty();
  };
  CO_TRY(const auto following, co_await policies_where(services, realm, follows));
  std::function<bool(const rs::InjectPolicy&)> names_it = [deleted](const rs::InjectPolicy& p) {
    return !deleted.empty() && p.resource_server == deleted;
  };
  CO_TRY(const auto blocking, co_await policies_where(services, realm, names_it));
  std::function<bool(const rs::InjectPolicy&)> loses_scope = [&](const rs::InjectPolicy& p) {
    return !deleted.empty() && asks_for_one_of(p, server.scopes);
  };
  CO_TRY(const auto losing, co_await policies_where(services, realm, loses_scope));
  if (!blocking.empty() && refused.is_null()) {
    json::Object why;
    why.set("code", "resource_server_in_use");
    why.set("detail", "inject policies name it");
    refused = json::Value(std::move(why));
  }
  CO_TRY(const auto clients, co_await services.oauth->storage->count_documents("client", realm));
  CO_TRY(const bool strict, is_strict(document));
  const std::string old_default(rs::select(state.state, std::nullopt));
  const std::string new_default(rs::select(after, std::nullopt));
  CO_TRY(auto now, co_await described(services, realm, state.state, old_default));
  CO_TRY(auto then, co_await described(services, realm, after, new_default));

  AdminReply reply;
  json::Object change;
  change.set(wanted.empty() ? "delete" : "default", name);
  reply.body.set("change", std::move(change));
  reply.body.set("changes_default", old_default != new_default);
  json::Object both;
  both.set("before", std::move(now));
  both.set("after", std::move(then));
  reply.body.set("default", std::move(both));
  json::Object touched;
  touched.set("count", clients);
  touched.set("what",
              "all clients of the realm: those that never name a resource server cannot be told "
              "from those that do");
  reply.body.set("clients", std::move(touched));
  reply.body.set("inject_policies_by_default", names_of(following));
  reply.body.set("inject_policies_by_name", names_of(blocking));
  reply.body.set("inject_policies_by_scope", names_of(losing));
  reply.body.set("live_tokens", tokens_json(strict));
  reply.body.set("refused", std::move(refused));
  co_return reply;
}

}  // namespace signet::admin
