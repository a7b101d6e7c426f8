// What runs, in the form of a file that `signet apply` takes.

#include "base/text.h"
#include "cli/admin_client.h"
#include "cli/command.h"
#include "cli/commands/commands.h"
#include "cli/store_mappings.h"
#include "config/schema.h"

namespace signet::cli {
namespace {

// What the schema knows, without secrets and without what is empty.
json::Object known(const json::Object& running, const config::Field& schema) {
  json::Object out;
  for (const auto& field : schema.fields) {
    const json::Value* value = running.find(field.name);
    if (value == nullptr || value->is_null() || field.row->is_secret) continue;
    if (field.is_group() && value->if_object() != nullptr) {
      json::Object group = known(*value->if_object(), field);
      if (!group.empty()) out.set(field.name, std::move(group));
    } else if (value->if_array() == nullptr || !value->if_array()->empty()) {
      out.set(field.name, *value);
    }
  }
  return out;
}

json::Object member(const json::Value& answer, const char* name) {
  const json::Value* value = answer.get(name);
  return value != nullptr && value->if_object() != nullptr ? *value->if_object() : json::Object();
}

Result<json::Array> clients_of(const AdminClient& admin, const std::string& realm) {
  json::Array out;
  std::string after;
  do {
    std::string path = realm_path(realm) + "/clients?limit=100";
    if (!after.empty()) path += "&after=" + after;
    TRY(const json::Value answer, admin.get(path));
    for (const auto& item : list_of(answer, "clients"))
      out.emplace_back(known(member(item, "client"), config::client_schema()));
    after = text_of(answer, "next");
  } while (!after.empty());
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
  TRY(const json::Value listed, admin.get("/admin/realms"));
  json::Array realms;
  for (const auto& item : list_of(listed, "realms")) {
    const std::string name = text_of(item, "name");
    TRY(const json::Value answer, admin.get(realm_path(name)));
    json::Object realm = known(member(answer, "realm"), config::realm_schema());
    realm.set("name", name);
    TRY(json::Array own, stores_of(admin, stores, name));
    if (!own.empty()) realm.set("secret_stores", std::move(own));
    TRY(json::Array clients, clients_of(admin, name));
    if (!clients.empty()) realm.set("clients", std::move(clients));
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
