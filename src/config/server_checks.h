#pragma once
// What must hold between settings, for the sources of this room.

#include "config/conform.h"
#include "config/server_config.h"

namespace signet::config {

/// Completes what is derived (public_url) and adds to `problems` and `config.warnings`.
void check_between(ServerConfig& config, const Conformed& conformed, Problems& problems);

}  // namespace signet::config
