#include "admin/resource_server_records.h"

#include <algorithm>

#include "base/json_members.h"
#include "base/text.h"
#include "realms/realm_settings.h"
#include "resource_servers/document.h"
#include "storage/document_pages.h"

namespace signet::admin {
namespace {

namespace rs = resource_servers;

constexpr std::size_t kNamesInWords = 10;

}  // namespace

Task<StateRecord> load_state(const AdminServices& services, RealmName realm) {
  CO_TRY(const auto document, co_await services.oauth->storage->document(
                                  std::string(rs::kStateKind), realm, std::string(rs::kStateId)));
  StateRecord out;
  if (!document) co_return out;
  CO_TRY(const json::Object members, json::parse_object(document->text));
  CO_TRY(out.state, rs::State::from_json(members));
  out.revision = document->revision;
  co_return out;
}

storage::PutDocument put_state(const RealmName& realm, const rs::State& state,
                               std::int64_t expected) {
  storage::PutDocument put;
  put.document = {std::string(rs::kStateKind), realm, std::string(rs::kStateId),
                  json::dump(state.to_json()), 0};
  put.expected = expected;
  return put;
}

Result<ResourceServerRecord> read_resource_server(const AdminServices& services,
                                                  const storage::Document& document) {
  TRY(json::Object stored, json::parse_object(document.text));
  ResourceServerRecord record;
  TRY(record.document, rs::from_stored(std::move(stored), services.oauth->unseal));
  record.revision = document.revision;
  return record;
}

Task<std::optional<ResourceServerRecord>> find_resource_server(const AdminServices& services,
                                                               RealmName realm, rs::State state,
                                                               std::string name) {
  std::optional<ResourceServerRecord> out;
  CO_TRY(const auto document,
         co_await services.oauth->storage->document(std::string(rs::kKind), realm, name));
  if (document) {
    CO_TRY(out, read_resource_server(services, *document));
  } else if (!name.empty() && name == state.identity_provider) {
    out.emplace();
    out->document.set("name", name);
  }
  co_return out;
}

Task<ResourceServerRecord> existing_resource_server(const AdminServices& services, RealmName realm,
                                                    rs::State state, std::string name) {
  CO_TRY(auto found, co_await find_resource_server(services, realm, state, name));
  if (!found) {
    std::string detail = "no resource server ";
    detail += quoted(name);
    co_return Error{Code::kNotFound, "resource_server_unknown", std::move(detail)};
  }
  co_return std::move(*found);
}

Task<ResourceServerRecord> erasable_resource_server(const AdminServices& services, RealmName realm,
                                                    rs::State state, std::string name) {
  auto found = co_await existing_resource_server(services, realm, state, name);
  if (found.ok()) co_return std::move(*found);
  const bool is_lost =
      found.error().is("encoded_value_key_unknown") || found.error().is("encoded_value_damaged");
  if (!is_lost) co_return std::move(found).error();
  CO_TRY(const auto document,
         co_await services.oauth->storage->document(std::string(rs::kKind), realm, name));
  if (!document) co_return std::move(found).error();
  ResourceServerRecord record;
  CO_TRY(record.document, json::parse_object(document->text));
  record.document.erase("access_token");
  record.revision = document->revision;
  record.is_lost = true;
  co_return record;
}

json::Object shown_resource_server(json::Object document, const rs::State& state) {
  json::Object out = rs::shown(std::move(document));
  const std::string name = json::text_in(out, "name");
  out.set("default", !name.empty() && name == rs::select(state, std::nullopt));
  out.set(rs::kBuiltIn, !name.empty() && name == state.identity_provider);
  return out;
}

Task<std::vector<PolicyRecord>> policies_where(
    const AdminServices& services, RealmName realm,
    std::function<bool(const rs::InjectPolicy&)> is_wanted) {
  std::vector<PolicyRecord> out;
  storage::DocumentPages pages(services.oauth->storage, std::string(rs::kPolicyKind), realm);
  while (true) {
    CO_TRY(const std::vector<storage::Document> page, co_await pages.next());
    if (page.empty()) co_return out;
    for (const auto& document : page) {
      CO_TRY(const json::Object members, json::parse_object(document.text));
      CO_TRY(auto policy, rs::InjectPolicy::from_json(members));
      if (is_wanted(policy)) out.push_back({document, std::move(policy)});
    }
  }
}

Error used_by_policies(const char* reason, const std::string& name,
                       const std::vector<PolicyRecord>& policies) {
  std::vector<std::string> shown;
  for (std::size_t i = 0; i < std::min(policies.size(), kNamesInWords); ++i)
    shown.push_back(quoted(policies[i].policy.name));
  std::string detail = quoted(name, 128) + " is used by the inject policies " + join(shown, ", ");
  if (policies.size() > kNamesInWords)
    detail += " and " + std::to_string(policies.size() - kNamesInWords) + " more";
  return {Code::kConflict, reason, std::move(detail)};
}

Task<std::optional<std::string>> scope_definer(const AdminServices& services,
                                               storage::Document realm, std::string scope) {
  std::optional<std::string> out;
  CO_TRY(const auto document, co_await services.oauth->storage->document(
                                  std::string(rs::kScopeKind), RealmName(realm.id), scope));
  if (document) {
    CO_TRY(const json::Object members, json::parse_object(document->text));
    out = json::text_in(members, "resource_server");
    co_return out;
  }
  CO_TRY(const json::Object members, json::parse_object(realm.text));
  CO_TRY(const auto settings, realms::RealmSettings::from_json(members));
  if (std::find(settings.scopes.begin(), settings.scopes.end(), scope) != settings.scopes.end())
    out = std::string();
  co_return out;
}

}  // namespace signet::admin
