#pragma once

#include "config/server_config.h"

namespace signet::realms {

/// Everything that is wrong with the configured realms, clients, resource servers and inject
/// policies, each by itself and with its place. Whether what they name exists is seen when they are
/// stored.
config::Problems check_documents(const config::ServerConfig& config);
/// The same of realms that stand elsewhere than in a configuration.
config::Problems check_documents(const std::vector<config::RealmConfig>& realms,
                                 const config::Places& places);

}  // namespace signet::realms
