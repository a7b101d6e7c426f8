// What runs, in the form of a file that `signet apply` takes.

#include <tuple>

#include "base/text.h"
#include "cli/admin_client.h"
#include "cli/command.h"
#include "cli/commands/commands.h"
#include "cli/store_mappings.h"
#include "config/schema.h"

namespace signet::cli {
namespace {

// What the schema knows, without secrets and without what is empty and says nothing by that.
json::Object known(const json::Object& running, const config::Field& schema) {
  json::Object out;
  for (const auto& field : schema.fields) {
    const json::Value* value = running.find(field.name);
    if (value == nullptr || value->is_null() || field.row->is_secret) continue;
    if (field.is_group() && value->if_object() != nullptr) {
      json::Object group = known(*value->if_object(), field);
      if (!group.empty()) out.set(field.name, std::move(group));
    } else if (value->if_array() == nullptr || !value->if_array()->empty() ||
               field.row->empty_counts) {
      out.set(field.name, *value);
    }
  }
  return out;
}

json::Object member(const json::Value& answer, const char* name) {
  const json::Value* value = answer.get(name);
  return value != nullptr && value->if_object() != nullptr ? *value->if_object() : json::Object();
}

// What lies below a realm. The built-in resource server is not there to be written before somebody
// changed it.
Result<json::Array> items_of(const AdminClient& admin, const std::string& realm,
                             const std::string& segment, const char* list, const char* name,
                             const config::Field& schema) {
  json::Array out;
  TRY(const auto all, admin.all(realm_path(realm) + segment, list));
  for (const auto& item : all) {
    const json::Value* revision = item.get("revision");
    if (revision && revision->if_int() == 0) continue;
    out.emplace_back(known(member(item, name), schema));
  }
  return out;
}

Result<json::Array> stores_of(const AdminClient& admin, const json::Value& stores,
                              const std::string& realm) {
  json::Array out;
  for (const auto& store : list_of(stores, "stores")) {
    if (text_of(store, "realm") != realm || text_of(store, "ordering") == "self_naming") continue;
    TRY(const StoreMappings running, running_mappings(admin, realm, text_of(store, "name")));
    if (running.aliases.empty()) continue;
    json::Object mappings;
    for (const auto& [id, aliases] : running.aliases)
      mappings.set(id, json::Array(aliases.begin(), aliases.end()));
    json::Object one;
    one.set("name", running.store);
    one.set("mappings", std::move(mappings));
    out.emplace_back(std::move(one));
  }
  return out;
}

Result<int> export_all(const Context& context) {
  TRY(const AdminClient admin, AdminClient::make(context));
  TRY(const json::Value stores, admin.get("/admin/stores"));
  TRY(const json::Array listed, admin.all("/admin/realms", "realms"));
  json::Array realms;
  for (const auto& item : listed) {
    const std::string name = text_of(item, "name");
    TRY(const json::Value answer, admin.get(realm_path(name)));
    json::Object realm = known(member(answer, "realm"), config::realm_schema());
    realm.set("name", name);
    TRY(json::Array own, stores_of(admin, stores, name));
    if (!own.empty()) realm.set("secret_stores", std::move(own));
    const std::tuple<const char*, const char*, const char*, const config::Field*> kinds[] = {
        {"/resource-servers", "resource_servers", "resource_server",
         &config::resource_server_schema()},
        {"/clients", "clients", "client", &config::client_schema()},
        {"/inject-policies", "inject_policies", "inject_policy", &config::inject_policy_schema()}};
    for (const auto& [segment, list, one, schema] : kinds) {
      TRY(json::Array items, items_of(admin, name, segment, list, one, *schema));
      if (!items.empty()) realm.set(list, std::move(items));
    }
    realms.emplace_back(std::move(realm));
  }
  json::Object out;
  out.set("realms", std::move(realms));
  TRY(json::Array global, stores_of(admin, stores, ""));
  if (!global.empty()) out.set("secret_stores", std::move(global));
  context.print(json::Value(std::move(out)));
  return 0;
}

}  // namespace

void add_export(CLI::App& command, Context& context) {
  on_run(command, context, [&context] { return export_all(context); });
}

}  // namespace signet::cli
