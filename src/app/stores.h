#pragma once

#include <memory>
#include <vector>

#include "admin/admin_api.h"
#include "config/server_config.h"
#include "secrets/keeper/keeper.h"
#include "secrets/stores/catalog.h"

namespace signet::app {

/// The stores of the configuration, made and mapped, in its order: global ones, then each realm's.
/// With none configured, the local store that makes its own keys, under DATA_DIR/keys.
struct MadeStores {
  std::vector<secrets::ConfiguredStore> stores;
  std::vector<admin::AdminServices::StoreInfo> infos;
};
Result<MadeStores> make_stores(const config::ServerConfig& config,
                               const secrets::StoreContext& context);

}  // namespace signet::app
