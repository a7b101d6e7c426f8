#pragma once

#include "config/server_config.h"

namespace signet::secrets {

/// Everything that is wrong with the configured secret stores, global ones and realms', and with
/// their mappings, each with its place. Touches nothing outside: whether a store answers is seen
/// when it is asked.
config::Problems check_stores(const config::ServerConfig& config,
                              const config::Environment& environment);

}  // namespace signet::secrets
