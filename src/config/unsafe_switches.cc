#include "config/unsafe_switches.h"

namespace signet::config {

std::vector<UnsafeSwitch> unsafe_switches(const ServerConfig& config) {
  std::vector<UnsafeSwitch> on;
  const auto add = [&](const std::vector<StoreConfig>& stores, const std::string& realm) {
    for (const StoreConfig& store : stores) {
      for (const auto& [name, value] : store.settings) {
        const bool is_off = value.is_null() || (value.if_bool() && !*value.if_bool());
        if (name.starts_with("unsafe_") && !is_off) on.push_back({name, store.name, realm});
      }
    }
  };
  add(config.secret_stores, "");
  for (const RealmConfig& realm : config.realms)
    add(realm.secret_stores, realm.name);
  return on;
}

}  // namespace signet::config
