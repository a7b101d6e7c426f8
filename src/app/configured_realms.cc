#include "app/configured_realms.h"

#include "admin/seeding.h"
#include "base/log.h"
#include "resource_servers/inject_policy.h"
#include "resource_servers/selection.h"

namespace signet::app {
namespace {

// The built-in resource server is there and the default unless an operator decides otherwise.
bool says_nothing(const json::Object& resource_server) {
  json::Object rest = resource_server;
  const json::Value* name = rest.find("name");
  if (!name || *name != json::Value(resource_servers::kIdentityProvider)) return false;
  rest.erase("name");
  rest.erase("default");
  return rest.empty();
}

/// Seeds what stands at one place of a configuration, and tells what became of it.
class Seeding {
 public:
  Seeding(const admin::AdminServices& services, const config::Places& places)
      : services_(services), places_(places) {}

  /// `id` names the member that holds the document's.
  Status put(std::string_view kind, const RealmName& realm, const json::Object& document,
             std::string_view id, const std::string& setting) {
    const json::Value* value = document.find(id);
    if (!value || !value->if_string()) {
      std::string detail = "it has no ";
      detail += id;
      return config::at_setting(places_, setting,
                                {Code::kConfig, "settings_invalid", std::move(detail)});
    }
    admin::Seed item;
    item.kind = kind;
    item.realm = realm;
    item.id = *value->if_string();
    item.document = document;
    auto seeded = async::run_now(admin::seed(services_, std::move(item)));
    if (!seeded.ok()) return config::at_setting(places_, setting, std::move(seeded).error());
    tell(*seeded, setting);
    return Done{};
  }

 private:
  void tell(const admin::Seeded& seeded, const std::string& setting) const {
    if (seeded.outcome == admin::SeedOutcome::kGone) {
      const std::string what = with_place(setting, "it was stored once, and deleted or renamed");
      log::info("configured_item_gone",
                {{"setting", setting},
                 {"what", what},
                 {"remedy",
                  "take it out of the configuration; to have it back, store it with "
                  "signet apply"}});
    }
    if (!seeded.conflict) return;
    const bool is_stored = seeded.outcome == admin::SeedOutcome::kStored;
    const std::string what = with_place(setting, seeded.conflict->detail);
    log::warn(is_stored ? "configured_default_kept" : "configured_item_refused",
              {{"setting", setting},
               {"reason", seeded.conflict->reason},
               {"what", what},
               {"remedy", is_stored ? "make it the default with signet apply"
                                    : "nothing of it is stored: change or remove it in the "
                                      "configuration, or change what stands against it with "
                                      "signet apply; the next start tries again"}});
  }

  std::string with_place(const std::string& setting, std::string what) const {
    return config::to_text(
        config::Problem{config::place_of(places_, setting), setting, std::move(what), {}});
  }

  const admin::AdminServices& services_;
  const config::Places& places_;
};

std::string item_path(const std::string& path, std::string_view list, std::size_t at) {
  return path + '.' + std::string(list) + '[' + std::to_string(at) + ']';
}

}  // namespace

Status put_configured_realms(const admin::AdminServices& services,
                             const config::ServerConfig& config) {
  for (std::size_t i = 0; i < config.realms.size(); ++i)
    TRY(put_configured_realm(services, config.realms[i], config.places,
                             "realms[" + std::to_string(i) + ']'));
  return Done{};
}

Status put_configured_realm(const admin::AdminServices& services, const config::RealmConfig& realm,
                            const config::Places& places, const std::string& path) {
  const RealmName name(realm.name);
  Seeding seeding(services, places);
  TRY(seeding.put("realm", RealmName(), realm.document, "name", path));
  for (std::size_t i = 0; i < realm.resource_servers.size(); ++i) {
    const auto& document = realm.resource_servers[i];
    if (says_nothing(document)) continue;
    TRY(seeding.put(resource_servers::kKind, name, document, "name",
                    item_path(path, "resource_servers", i)));
  }
  for (std::size_t i = 0; i < realm.clients.size(); ++i)
    TRY(seeding.put("client", name, realm.clients[i], "client_id", item_path(path, "clients", i)));
  for (std::size_t i = 0; i < realm.inject_policies.size(); ++i)
    TRY(seeding.put(resource_servers::kPolicyKind, name, realm.inject_policies[i], "name",
                    item_path(path, "inject_policies", i)));
  return Done{};
}

config::RealmConfig root_realm(const std::string& demo_secret) {
  config::RealmConfig root;
  root.name = "root";
  root.document.set("name", "root");
  if (demo_secret.empty()) return root;
  root.document.set("scopes", json::Array{"read", "write"});
  json::Object client;
  client.set("client_id", "demo");
  client.set("name", "Demo client");
  client.set("secret", demo_secret);
  client.set("scopes", json::Array{"read", "write"});
  client.set("default_scopes", json::Array{"read"});
  root.clients.push_back(std::move(client));
  return root;
}

}  // namespace signet::app
