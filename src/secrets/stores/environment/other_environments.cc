#include "secrets/stores/environment/other_environments.h"

#include <set>
#include <utility>

#include "secrets/stores/environment/environment_store.h"

namespace signet::secrets {

EnvironmentFormats::EnvironmentFormats(const config::ServerConfig& config) {
  add(RealmName(), config.secret_stores);
  for (const auto& realm : config.realms)
    add(RealmName(realm.name), realm.secret_stores);
}

void EnvironmentFormats::add(const RealmName& realm,
                             const std::vector<config::StoreConfig>& stores) {
  for (const auto& store : stores) {
    if (store.type != kEnvironmentType) continue;
    StoreName name(store.name);
    const auto format = environment_format(name, store.settings);
    if (format.ok()) by_realm_[realm].push_back({std::move(name), *format});
  }
}

std::vector<OtherEnvironment> EnvironmentFormats::others(const RealmName& realm,
                                                         const StoreName& name) const {
  std::set<std::pair<bool, ValueFormat>> met;
  const auto meet = [&](const RealmName& theirs, const std::vector<Known>& stores) {
    for (const Known& store : stores) {
      const bool is_itself = theirs == realm && store.name == name;
      if (!is_itself) met.emplace(!theirs.empty(), store.format);
    }
  };
  if (realm.empty()) {
    for (const auto& [theirs, stores] : by_realm_)
      meet(theirs, stores);
  } else {
    for (const RealmName& theirs : {RealmName(), realm}) {
      const auto found = by_realm_.find(theirs);
      if (found != by_realm_.end()) meet(theirs, found->second);
    }
  }
  std::vector<OtherEnvironment> out;
  for (const auto& [is_of_realm, format] : met)
    out.push_back({format, is_of_realm});
  return out;
}

}  // namespace signet::secrets
