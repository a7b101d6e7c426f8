#pragma once

#include <memory>

#include "app/upkeep.h"
#include "net/http_server.h"
#include "net/metrics.h"
#include "oauth/endpoints/deny_list.h"
#include "secrets/keeper/keeper.h"
#include "secrets/keeper/rotation_runner.h"

namespace signet::app {

/// Requests and connections of the public listener, and the revoked tokens that it knows. `server`
/// outlives the metrics' readers.
void export_server(net::Metrics& metrics, const net::Server& server,
                   std::shared_ptr<const oauth::DenyList> denied);

/// A clock that was set, and clocks of live instances that are apart.
void export_clocks(net::Metrics& metrics, std::shared_ptr<const secrets::Keeper> keeper);

/// What automatic rotation did here, and whether it fails.
void export_rotation(net::Metrics& metrics,
                     std::shared_ptr<const secrets::RotationRunner> rotation);

/// What expired and was removed from the storage. `upkeep` outlives the metrics' readers.
void export_purge(net::Metrics& metrics, const Upkeep& upkeep);

}  // namespace signet::app
