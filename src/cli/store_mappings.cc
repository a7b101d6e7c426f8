#include "cli/store_mappings.h"

#include <algorithm>
#include <set>

#include "base/text.h"
#include "cli/context.h"
#include "http/form.h"

namespace signet::cli {
namespace {

bool contains(const std::vector<std::string>& list, const std::string& text) {
  return std::find(list.begin(), list.end(), text) != list.end();
}

std::vector<std::string> texts_in(const json::Value& list) {
  std::vector<std::string> out;
  if (list.if_array() == nullptr) return out;
  for (const auto& item : *list.if_array()) {
    if (item.if_string() != nullptr) out.push_back(*item.if_string());
  }
  return out;
}

json::Object address_of(const StoreMappings& store) {
  json::Object body;
  body.set("realm", store.realm);
  body.set("store", store.store);
  return body;
}

json::Object list_of_mapping(const StoreMappings& store, const std::string& id,
                             const std::vector<std::string>& aliases) {
  json::Object body = address_of(store);
  body.set("secretId", id);
  body.set("aliases", json::Array(aliases.begin(), aliases.end()));
  return body;
}

Status set_list(const AdminClient& admin, const StoreMappings& store, const std::string& id,
                const std::vector<std::string>& aliases) {
  TRY(admin.put("/admin/secrets/mappings", list_of_mapping(store, id, aliases)));
  return Done{};
}

/// What is in use and what is new.
std::vector<std::string> with_published(const std::vector<std::string>& running,
                                        const std::vector<std::string>& wanted) {
  std::vector<std::string> published = running;
  for (const auto& alias : wanted) {
    if (!contains(published, alias)) published.push_back(alias);
  }
  return published;
}

/// Of a list that is wrong by itself, or of keys that will never serve the ID. All else may pass:
/// times, instances, algorithms that are asked for until the file's own realms are stored, an alias
/// that another mapping of the file gives up.
bool is_final(std::string_view reason) {
  constexpr std::string_view kFinal[] = {
      "alias_unknown",          "mapping_one_alias",  "mapping_scope",     "mapping_malformed",
      "store_unknown",          "store_not_mappable", "secret_id_invalid", "secret_wrong_kind",
      "secret_wrong_algorithm", "secret_wrong_curve", "secret_wrong_size", "secret_too_small",
      "secret_well_known",      "secret_expired",     "key_compromised",   "realm_unknown",
      "activation_of_retired"};
  return std::find(std::begin(kFinal), std::end(kFinal), reason) != std::end(kFinal);
}

}  // namespace

const std::vector<std::string>* StoreMappings::find(const std::string& id) const {
  for (const auto& [known, list] : aliases) {
    if (known == id) return &list;
  }
  return nullptr;
}

Result<std::vector<StoreMappings>> mappings_in(const json::Object& document,
                                               const std::string& realm) {
  std::vector<StoreMappings> out;
  const json::Value* stores = document.find("secret_stores");
  if (stores == nullptr || stores->if_array() == nullptr) return out;
  std::set<std::string> names;
  for (const auto& item : *stores->if_array()) {
    StoreMappings one;
    one.realm = realm;
    one.store = text_of(item, "name");
    if (!names.insert(one.store).second)
      return Context::usage("the store " + signet::quoted(one.store) + " is described twice");
    const json::Value* mappings = item.get("mappings");
    if (mappings == nullptr || mappings->if_object() == nullptr) continue;
    for (const auto& [id, list] : *mappings->if_object())
      one.aliases.emplace_back(id, texts_in(list));
    out.push_back(std::move(one));
  }
  return out;
}

Result<StoreMappings> running_mappings(const AdminClient& admin, const std::string& realm,
                                       const std::string& store) {
  TRY(const json::Value answer,
      admin.get("/admin/secrets/mappings?realm=" + http::form_encode(realm) +
                "&store=" + http::form_encode(store)));
  StoreMappings out{realm, store, {}};
  out.ignores_case = text_of(answer, "ignores_case") == "true";
  for (const auto& mapping : list_of(answer, "mappings")) {
    const json::Value* list = mapping.get("aliases");
    if (list == nullptr) continue;
    out.aliases.emplace_back(text_of(mapping, "secretId"), texts_in(*list));
    if (text_of(mapping, "default") == "true") out.brought.insert(out.aliases.back().first);
  }
  return out;
}

Result<std::vector<StoreMappings>> other_mappings(const AdminClient& admin,
                                                  const std::vector<StoreMappings>& described) {
  TRY(const json::Value stores, admin.get("/admin/stores"));
  std::vector<StoreMappings> out;
  for (const auto& store : list_of(stores, "stores")) {
    const std::string realm = text_of(store, "realm"), name = text_of(store, "name");
    const std::string ordering = text_of(store, "ordering");
    const bool is_described = std::any_of(
        described.begin(), described.end(),
        [&](const StoreMappings& one) { return one.realm == realm && one.store == name; });
    if (is_described || ordering.empty() || ordering == "self_naming") continue;
    TRY(StoreMappings running, running_mappings(admin, realm, name));
    out.push_back(std::move(running));
  }
  return out;
}

std::vector<std::string> spelled_as(const StoreMappings& running,
                                    const std::vector<std::string>& aliases) {
  std::vector<std::string> out;
  for (const auto& alias : aliases) {
    std::string spelled = running.ignores_case ? to_lower(alias) : alias;
    if (!running.ignores_case || !contains(out, spelled)) out.push_back(std::move(spelled));
  }
  return out;
}

std::string label_of(const StoreMappings& mappings, const std::string& id) {
  const std::string realm = mappings.realm.empty() ? "" : mappings.realm + '/';
  return "mapping " + realm + mappings.store + '/' + id;
}

std::vector<std::string> steps_between(const std::vector<std::string>& running,
                                       const std::vector<std::string>& wanted) {
  std::vector<std::string> steps;
  for (const auto& alias : wanted) {
    if (!contains(running, alias)) steps.push_back("publish " + alias);
  }
  const bool is_activation =
      !running.empty() && !wanted.empty() && running.front() != wanted.front();
  if (is_activation) steps.push_back("activate " + wanted.front());
  for (const auto& alias : running) {
    if (!contains(wanted, alias)) steps.push_back("retire " + alias);
  }
  if (steps.empty() && running != wanted) steps.emplace_back("change the order");
  return steps;
}

std::string why_never(const AdminClient& admin, const StoreMappings& store, const std::string& id,
                      const std::vector<std::string>& running,
                      const std::vector<std::string>& wanted) {
  const std::vector<std::string> published = with_published(running, wanted);
  json::Object body = list_of_mapping(store, id, published == running ? wanted : published);
  body.set("dry_run", true);
  const auto tried = admin.put("/admin/secrets/mappings", body);
  std::string reason, detail;
  if (!tried.ok()) {
    reason = tried.error().reason;
    detail = tried.error().detail;
  } else if (text_of(*tried, "safe") != "true") {
    reason = text_of(*tried, "reason");
    detail = text_of(*tried, "detail");
  }
  if (!is_final(reason)) return {};
  return reason.append(": ").append(detail);
}

Status bring_to(const AdminClient& admin, const StoreMappings& store, const std::string& id,
                const std::vector<std::string>& running, const std::vector<std::string>& wanted) {
  const std::vector<std::string> published = with_published(running, wanted);
  if (published != running && published != wanted) {
    TRY(set_list(admin, store, id, published));
  }
  return set_list(admin, store, id, wanted);
}

Status unmap(const AdminClient& admin, const StoreMappings& store, const std::string& id,
             const std::vector<std::string>& running) {
  // The last one first: the active one goes when no other is left.
  for (auto alias = running.rbegin(); alias != running.rend(); ++alias) {
    json::Object body = address_of(store);
    body.set("id", id);
    body.set("alias", *alias);
    body.set("force", false);
    TRY(admin.post("/admin/secrets/retire", body));
  }
  return Done{};
}

}  // namespace signet::cli
