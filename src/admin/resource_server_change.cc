#include "admin/resource_server_change.h"

#include <algorithm>

#include "admin/operator_change.h"
#include "admin/resource_server_transaction.h"
#include "base/json_members.h"
#include "base/text.h"
#include "resource_servers/document.h"

namespace signet::admin {
namespace {

namespace rs = resource_servers;

Error taken(const char* reason, std::string_view what, const std::string& id,
            const std::string& owner) {
  std::string detail(what);
  detail += ' ';
  detail += quoted(id, 200);
  detail += " is that of the resource server ";
  detail += quoted(owner, 128);
  return {Code::kConflict, reason, std::move(detail)};
}

/// One try to put: what was read, and what is to become of it.
struct Attempt {
  const AdminServices& services;
  RealmName realm;
  const ResourceServerPut& put;
  std::string name;      ///< under which it stands now
  std::string new_name;  ///< under which it will stand
  json::Object document{};
  std::optional<bool> wants_default{};
  StateRecord state{};
  std::optional<ResourceServerRecord> before{};
  std::optional<rs::ResourceServer> old_server{}, server{};
  rs::State after{};
  StoredResourceServer out{};

  bool is_rename() const { return name != new_name; }
  bool is_written() const { return before && before->revision > 0; }
};

Result<std::optional<bool>> take_default(json::Object& document) {
  const json::Value* given = document.find("default");
  if (!given) return std::optional<bool>();
  if (!given->if_bool())
    return Error{Code::kInvalid, "settings_invalid",
                 "resource_server.default must be true or false"};
  const bool wanted = *given->if_bool();
  document.erase("default");
  return std::optional(wanted);
}

Result<std::string> take_names(const ResourceServerPut& put, json::Object& document) {
  const json::Value* name = document.find("name");
  if (!name) {
    document.set("name", put.name);
    return put.name;
  }
  if (!name->if_string())
    return Error{Code::kInvalid, "settings_invalid", "resource_server.name must be a text"};
  return *name->if_string();
}

// By what was declared before, or by an operator, whose choice no restart takes back.
bool is_default_taken(const Attempt& a) {
  const std::string& now = a.after.default_name;
  return a.put.origin == Origin::kConfiguration && !now.empty() && now != a.new_name &&
         now != a.after.identity_provider;
}

// The state that holds once the document is stored.
Status decide_state(Attempt& a) {
  a.after = a.state.state;
  if (a.is_rename()) {
    TRY(a.after, rs::after_rename(a.state.state, a.name, a.new_name));
  }
  const bool claims_built_in =
      a.new_name == rs::kIdentityProvider && a.name != a.state.state.identity_provider;
  if (claims_built_in) {
    if (a.before || !a.state.state.identity_provider.empty())
      return Error{Code::kConflict, "resource_server_name_reserved",
                   "the name 'Identity Provider' is the built-in resource server's"};
    a.after.identity_provider = a.new_name;  // it was removed, and comes back
    if (a.after.default_name.empty()) a.after.default_name = a.new_name;
  }
  if (!a.wants_default) return Done{};
  if (*a.wants_default && is_default_taken(a)) {
    a.out.kept_default = a.after.default_name;
  } else if (*a.wants_default) {
    a.after.default_name = a.new_name;
  } else if (a.after.default_name == a.new_name) {
    a.after.default_name = a.after.identity_provider;
    if (a.after.default_name == a.new_name)
      a.out.warnings.emplace_back(
          "it stays the default: make another one the default to change that");
  }
  return Done{};
}

Status read_document(Attempt& a) {
  a.document.erase(rs::kBuiltIn);
  TRY(a.document,
      rs::with_known_keys(std::move(a.document), a.before ? &a.before->document : nullptr));
  TRY(decide_state(a));
  if (a.after.identity_provider == a.new_name) a.document.set(rs::kBuiltIn, true);
  TRY(a.server, rs::ResourceServer::from_json(a.document));
  if (a.before) {
    TRY(a.old_server, rs::ResourceServer::from_json(a.before->document));
  }
  return Done{};
}

bool has_scope(const std::optional<rs::ResourceServer>& server, const std::string& name) {
  return server && std::any_of(server->scopes.begin(), server->scopes.end(),
                               [&](const rs::ScopeDefinition& s) { return s.name == name; });
}

// In words what the transaction would only refuse.
Task<Done> check_not_taken(std::shared_ptr<Attempt> a) {
  auto& storage = *a->services.oauth->storage;
  if (a->is_rename()) {
    CO_TRY(const auto other,
           co_await find_resource_server(a->services, a->realm, a->state.state, a->new_name));
    if (other) {
      std::string detail = "there is a resource server ";
      detail += quoted(a->new_name, 128);
      co_return Error{Code::kConflict, "resource_server_exists", std::move(detail)};
    }
  }
  const std::string uri = a->server->resource();
  if (!uri.empty() && (!a->old_server || a->old_server->resource() != uri)) {
    CO_TRY(const auto index, co_await storage.document(std::string(rs::kUriKind), a->realm, uri));
    if (index) {
      CO_TRY(const json::Object owner, json::parse_object(index->text));
      co_return taken("resource_uri_taken", "the URI", uri, json::text_in(owner, "name"));
    }
  }
  for (const auto& scope : a->server->scopes) {
    if (has_scope(a->old_server, scope.name)) continue;
    CO_TRY(const auto index,
           co_await storage.document(std::string(rs::kScopeKind), a->realm, scope.name));
    if (!index) continue;
    CO_TRY(const json::Object owner, json::parse_object(index->text));
    co_return taken("scope_defined_elsewhere", "the scope", scope.name,
                    json::text_in(owner, "resource_server"));
  }
  co_return Done{};
}

// A policy goes on asking for a scope that nobody defines any more, and gets no token.
Task<Done> warn_of_lost_scopes(std::shared_ptr<Attempt> a) {
  if (!a->old_server) co_return Done{};
  std::vector<std::string> gone;
  for (const auto& scope : a->old_server->scopes)
    if (!has_scope(a->server, scope.name)) gone.push_back(scope.name);
  if (gone.empty()) co_return Done{};
  std::function<bool(const rs::InjectPolicy&)> asks = [&gone](const rs::InjectPolicy& policy) {
    return std::any_of(policy.scopes.begin(), policy.scopes.end(), [&gone](const auto& scope) {
      return std::find(gone.begin(), gone.end(), scope) != gone.end();
    });
  };
  CO_TRY(const auto policies, co_await policies_where(a->services, a->realm, asks));
  for (const auto& found : policies)
    a->out.warnings.push_back("the inject policy " + quoted(found.policy.name) +
                              " asks for a scope that is no longer defined here");
  co_return Done{};
}

void add_events(Attempt& a, ResourceServerTransaction& transaction) {
  json::Object detail;
  detail.set("id", a.new_name);
  if (a.out.untested) detail.set("untested", true);
  const bool is_default_changed = a.after.default_name != a.state.state.default_name;
  json::Object known = a.before ? a.before->document : json::Object();
  known.erase(rs::kBuiltIn);
  json::Object now = a.document;
  now.erase(rs::kBuiltIn);
  if (a.is_rename()) {
    detail.set("from", a.name);
    transaction.event("resource_server.renamed", detail);
  } else if (!a.before) {
    transaction.event("resource_server.created", detail);
  } else if (!is_default_changed || known != now) {
    transaction.event("resource_server.changed", detail);
  }
  if (!is_default_changed || (a.is_rename() && a.state.state.default_name == a.name)) return;
  json::Object change;
  change.set("id", a.new_name);
  change.set("default", a.after.default_name);
  change.set("before", a.state.state.default_name);
  if (a.out.untested) change.set("untested", true);
  transaction.event("resource_server.default_changed", change);
}

// Nobody needs to write down the built-in one to make it the default.
bool is_worth_writing(const Attempt& a) {
  if (a.is_written() || a.is_rename() || !a.before) return true;
  return a.document.size() > 2;  // more than its name and that it is the built-in one
}

// Where no document of the built-in one is, its removal and its renaming write the state alone.
// What is first said about it writes the state too: neither overlooks the other.
bool is_first_of_built_in(const Attempt& a) {
  return a.before && !a.is_written() && is_worth_writing(a);
}

Task<bool> store(std::shared_ptr<Attempt> a) {
  ResourceServerTransaction transaction(a->services, a->realm, a->put.actor);
  const std::int64_t revision = a->before ? a->before->revision : 0;
  if (a->is_rename()) {
    const std::string name = a->name;
    if (a->is_written()) transaction.erase(name, revision);
    CO_TRY(transaction.put(a->new_name, a->document, 0));
    std::function<bool(const rs::InjectPolicy&)> names_it = [name](const rs::InjectPolicy& policy) {
      return policy.resource_server == name;
    };
    CO_TRY(const auto policies, co_await policies_where(a->services, a->realm, names_it));
    for (const auto& policy : policies)
      transaction.rename_in(policy, a->new_name);
  } else if (is_worth_writing(*a)) {
    CO_TRY(transaction.put(a->name, a->document, revision));
  }
  const rs::ResourceServer* old_server = a->old_server ? &*a->old_server : nullptr;
  transaction.move_uri(old_server, &*a->server);
  transaction.move_scopes(old_server, &*a->server, a->document);
  CO_TRY(co_await transaction.move_direct_keys(old_server, &*a->server));
  // A rename writes the state whatever it says: a policy that is written at this moment sees it.
  if (a->after != a->state.state || a->is_rename() || is_first_of_built_in(*a))
    transaction.state(a->state, a->after);
  if (a->put.origin == Origin::kConfiguration) transaction.seeded(a->new_name);
  add_events(*a, transaction);
  co_return co_await transaction.commit();
}

Task<Done> read_before(std::shared_ptr<Attempt> a) {
  CO_TRY(a->state, co_await load_state(a->services, a->realm));
  CO_TRY(a->before, co_await find_resource_server(a->services, a->realm, a->state.state, a->name));
  const std::int64_t revision = a->before ? a->before->revision : 0;
  if (a->put.expected && *a->put.expected != revision) co_return lost_revision(a->name, revision);
  if (a->is_rename() && !a->before) {
    std::string detail = "no resource server ";
    detail += quoted(a->name, 128);
    co_return Error{Code::kNotFound, "resource_server_unknown", std::move(detail)};
  }
  co_return Done{};
}

}  // namespace

Error resource_server_busy() {
  return {Code::kConflict, "resource_server_busy",
          "others change the realm's resource servers at this moment; try again"};
}

Task<StoredResourceServer> put_resource_server(const AdminServices& services, RealmName realm,
                                               ResourceServerPut put) {
  CO_TRY(co_await existing_realm(services, realm));
  json::Object document = put.document;
  CO_TRY(const auto wants_default, take_default(document));
  CO_TRY(const std::string new_name, take_names(put, document));
  if (put.name.empty()) put.name = new_name;
  std::optional<TrialOutcome> tried;
  for (int i = 0; i < kMostTries; ++i) {
    auto a = std::shared_ptr<Attempt>(new Attempt{services, realm, put, put.name, new_name});
    a->document = document;
    a->wants_default = wants_default;
    CO_TRY(co_await read_before(a));
    CO_TRY(read_document(*a));
    CO_TRY(co_await check_not_taken(a));
    // Inline keys may be those that somebody else has just written: what is stored is what was
    // tried.
    if (!tried || a->server->jwks_uri.empty()) {
      CO_TRY(tried, co_await try_encryption(services, realm, *a->server, put.trial));
    }
    a->out.untested = tried->untested;
    CO_TRY(co_await warn_of_lost_scopes(a));
    CO_TRY(const bool is_stored, co_await store(a));
    if (!is_stored) continue;
    StoredResourceServer out = std::move(a->out);
    out.warnings.insert(out.warnings.end(), tried->warnings.begin(), tried->warnings.end());
    CO_TRY(const auto now, co_await find_resource_server(services, realm, a->after, new_name));
    out.stored = {now ? now->revision : 0, !a->before};
    out.document = shown_resource_server(std::move(a->document), a->after);
    co_return out;
  }
  co_return resource_server_busy();
}

}  // namespace signet::admin
