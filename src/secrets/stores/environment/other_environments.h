#pragma once
// Which environment stores of a configuration meet in a variable.

#include <map>
#include <vector>

#include "config/server_config.h"
#include "secrets/stores/store.h"
#include "secrets/stores/value_format.h"

namespace signet::secrets {

/// The formats of the configured environment stores. A realm asks its own stores and then the
/// global ones: so a realm's store meets those of its realm and the global ones, and a global one
/// meets those of every realm. Stores of two realms never meet.
class EnvironmentFormats {
 public:
  /// Malformed settings are left out: no store is made of them.
  explicit EnvironmentFormats(const config::ServerConfig& config);

  /// For StoreContext::other_environments of this store; one for each format that is found.
  std::vector<OtherEnvironment> others(const RealmName& realm, const StoreName& name) const;

 private:
  struct Known {
    StoreName name;
    ValueFormat format;
  };
  void add(const RealmName& realm, const std::vector<config::StoreConfig>& stores);

  std::map<RealmName, std::vector<Known>> by_realm_;  ///< the global ones without a name
};

}  // namespace signet::secrets
