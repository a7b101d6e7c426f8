// What a token request is about: the resource server it selects, and the claims of its token.

#include <algorithm>

#include "base/text.h"
#include "oauth/endpoints/definitions.h"
#include "oauth/endpoints/token_endpoint.h"
#include "oauth/scope.h"

namespace signet::oauth {
namespace {

using resource_servers::Encryption;
using resource_servers::ScopeDefinition;

// Longer ones are not worth the memory in every cached client.
constexpr std::size_t kMostKeptScope = 256;

Refusal unknown_target(std::string_view what) {
  return Refusal(OAuthError::kInvalidTarget, "no such resource server",
                 Error{Code::kNotFound, "resource_server_unknown", quoted(what)});
}

// What permissions the scopes of one token give, each once.
json::Array permissions_of(
    const std::vector<std::pair<std::string, ScopeDefinitionPtr>>& definitions) {
  json::Array all;
  for (const auto& [name, definition] : definitions) {
    if (!definition || !definition->in_access_token ||
        definition->include != ScopeDefinition::Include::kPermissions)
      continue;
    for (const auto& value : definition->values) {
      const json::Value permission(value);
      if (std::find(all.begin(), all.end(), permission) == all.end()) all.push_back(permission);
    }
  }
  return all;
}

}  // namespace

// Where nothing but a scope is asked, the client's plan names the resource server too.
bool TokenCall::takes_plan() {
  if (asked_.resource_server || !asked_.resources.empty()) return false;
  for (const auto& plan : client_->plans) {
    if (!plan.is_default || plan.realm_serial != realm_->serial() ||
        plan.definitions != worker_.definitions() || plan.asked_scope != asked_.scope)
      continue;
    server_ = plan.server;
    claims_ = plan.claims;
    return true;
  }
  return false;
}

Answer<ClientCall::Need> TokenCall::find_target() {
  if (takes_plan()) [[likely]]
    return Need::kNothing;
  const std::string_view realm = realm_->settings().name.view();
  std::optional<std::string_view> parameter = asked_.resource_server;
  for (const auto& resource : asked_.resources) {
    const std::string* name = worker_.resource_uri(realm, resource);
    if (!name) {
      if (!resource_servers::is_resource_uri(resource) && !is_own_audience(resource))
        return unknown_target(resource);
      wanted_ = resource;
      return Need::kDefinitions;
    }
    if (name->empty()) {
      if (!is_own_audience(resource))
        return Refusal(OAuthError::kInvalidTarget, "this client may not ask for that resource");
    } else if (!parameter) {
      parameter = *name;
    } else if (*parameter != *name) {
      // One token cannot be encrypted for two.
      return Refusal(OAuthError::kInvalidTarget, "a token is for one resource server");
    }
  }
  return find_server(resource_servers::select(realm_->resource_servers(), parameter));
}

Answer<ClientCall::Need> TokenCall::find_server(std::string_view name) {
  if (server_ && server_->server.name == name) return Need::kNothing;
  server_ = worker_.resource_server(realm_->settings().name.view(), name);
  // Nobody is told that what nobody wrote is gone: only the realm knows whether the built-in one
  // is.
  const bool is_gone = server_ && server_->server.encryption == Encryption::kAsRealm &&
                       name != realm_->resource_servers().identity_provider;
  if (is_gone) server_.reset();
  if (server_) return Need::kNothing;
  if (!name.empty() && !resource_servers::is_resource_server_name(name))
    return unknown_target(name);
  wanted_ = name;
  return Need::kDefinitions;
}

// Whoever can open the token holds the signed one inside, and could show it to any other audience
// that it names. A default one is no exception: it can open what nobody sent to it.
Answer<Done> TokenCall::check_one_target() const {
  if (asked_.resources.empty()) return Done{};
  if (server_->server.encryption != Encryption::kResourceServerKey) return Done{};
  const std::string own = server_->server.audience();
  for (const auto& resource : asked_.resources) {
    if (resource == own) continue;
    return Refusal(OAuthError::kInvalidTarget, "a token is for one resource server",
                   Error{Code::kInvalid, "resource_beside_own_key",
                         quoted(resource) + " is not " + quoted(own) + ", the audience of " +
                             quoted(server_->server.name) + ", whose key encrypts the token"});
  }
  return Done{};
}

Answer<ClientCall::Need> TokenCall::plan() {
  if (claims_) return Need::kNothing;
  const Client& client = client_->client;
  for (const auto& plan : client_->plans) {
    if (plan.claims && plan.realm_serial == realm_->serial() &&
        plan.definitions == worker_.definitions() && plan.server == server_ &&
        plan.asked_scope == asked_.scope && asked_.resources.empty()) {
      claims_ = plan.claims;
      return Need::kNothing;
    }
  }
  const auto& last = server_->last_claims;
  if (last.claims && last.realm_serial == realm_->serial() &&
      last.definitions == worker_.definitions() && last.asked_scope == asked_.scope &&
      asked_.resources.empty() && last.client.lock() == client_) {
    claims_ = last.claims;
    return Need::kNothing;
  }
  std::string scope;
  if (client.has_scope_list) {
    TRY(scope, grant_scope(asked_.scope, client.scopes, client.default_scopes));
  } else {
    TRY(scope, parse_scope(asked_.scope, client.default_scopes));
  }
  TRY(const Need need, find_definitions(scope));
  if (need != Need::kNothing) return need;
  TRY(check_defined());
  const bool tells_itself = server_->server.encryption == Encryption::kResourceServerKey;
  if (tells_itself && !realm_->server_encryption()) return lacks_secret(tokens::encryption_id());
  auto made = make_claims(scope);
  if (!made.ok()) return cannot_mint(made.error());
  claims_ = std::move(*made);
  if (asked_.resources.empty() && asked_.scope.size() <= kMostKeptScope) {
    auto& plan = client_->plans[client_->next_plan++ % client_->plans.size()];
    // One that another request has dropped meanwhile is old: the next one must look again.
    const bool is_default =
        !asked_.resource_server &&
        worker_.resource_server(realm_->settings().name.view(), server_->server.name) == server_;
    plan = {realm_->serial(), worker_.definitions(), std::string(asked_.scope), server_, claims_,
            is_default};
    server_->last_claims = {client_, plan.realm_serial, plan.definitions, plan.asked_scope,
                            claims_};
  }
  return Need::kNothing;
}

Answer<ClientCall::Need> TokenCall::find_definitions(std::string_view scope) {
  definitions_.clear();
  for (const auto token : split(scope, ' ')) {
    if (token.empty()) continue;
    const auto* found = worker_.scope(realm_->settings().name.view(), token);
    if (!found) {
      wanted_ = scope;
      return Need::kDefinitions;
    }
    definitions_.emplace_back(token, *found);
  }
  return Need::kNothing;
}

// A client's own list narrows what is defined, and defines nothing: a scope that goes from its
// resource server goes from the tokens of those that list it.
Answer<Done> TokenCall::check_defined() const {
  const auto& known = realm_->settings().scopes;
  for (const auto& [name, definition] : definitions_) {
    if (definition || std::find(known.begin(), known.end(), name) != known.end()) continue;
    return Refusal(OAuthError::kInvalidScope, "a scope was asked that is not defined",
                   Error{Code::kNotFound, "scope_not_defined", quoted(name)});
  }
  return Done{};
}

Result<std::shared_ptr<const tokens::ClaimsTemplate>> TokenCall::make_claims(
    std::string_view scope) const {
  json::Object more;
  if (auto permissions = permissions_of(definitions_); !permissions.empty())
    more.set("permissions", std::move(permissions));
  if (server_->server.encryption == Encryption::kResourceServerKey) {
    std::string about;
    json::ObjectWriter(about).add("resource_server", server_->server.name).end();
    std::string sealed;
    TRY(realm_->server_encryption()->own.append(sealed, as_bytes(about), *services_.random));
    more.set(tokens::kPrivateClaim, std::move(sealed));
  }
  const std::string_view id = client_->client.id.view();
  return std::make_shared<const tokens::ClaimsTemplate>(
      tokens::make_claims_template(realm_->issuer(), id, id, audience(), scope, more));
}

std::vector<std::string> TokenCall::audience() const {
  if (!asked_.resources.empty()) return asked_.resources;
  if (auto own = server_->server.audience(); !own.empty()) return {std::move(own)};
  if (!client_->client.audience.empty()) return client_->client.audience;
  if (!realm_->settings().default_audience.empty()) return realm_->settings().default_audience;
  return {realm_->issuer()};
}

bool TokenCall::is_own_audience(std::string_view resource) const {
  const auto& own = client_->client.audience;
  const auto& realms = realm_->settings().default_audience;
  const auto has = [&](const std::vector<std::string>& all) {
    return std::find(all.begin(), all.end(), resource) != all.end();
  };
  if (!own.empty()) return has(own);
  return realms.empty() ? resource == realm_->issuer() : has(realms);
}

// One after the other; what is found is in the worker's cache when the machine looks again.
Task<Done, Refusal> TokenCall::load_definitions() {
  const RealmName realm = realm_->settings().name;
  if (stage_ == Stage::kPlan) {
    for (const auto token : split(wanted_, ' ')) {
      if (token.empty() || worker_.scope(realm.view(), token)) continue;
      CO_TRY(co_await load_scope(services_, worker_, realm, std::string(token)));
    }
    co_return Done{};
  }
  const bool is_uri = std::find(asked_.resources.begin(), asked_.resources.end(), wanted_) !=
                          asked_.resources.end() &&
                      !worker_.resource_uri(realm.view(), wanted_);
  if (is_uri) {
    CO_TRY(co_await load_resource_uri(services_, worker_, realm, wanted_));
    co_return Done{};
  }
  CO_TRY(server_, co_await load_resource_server(services_, worker_, realm_, wanted_));
  if (server_) co_return Done{};
  if (asked_.resource_server || !asked_.resources.empty()) co_return unknown_target(wanted_);
  co_return Refusal(OAuthError::kServerError, "the default resource server is not there",
                    Error{Code::kConfig, "resource_server_unknown", quoted(wanted_)});
}

}  // namespace signet::oauth
