#pragma once

#include <string>

#include "admin/admin_api.h"
#include "config/server_config.h"

namespace signet::app {

/// Stores what the configuration says of its realms, each item once (admin/seeding.h): what was
/// changed, renamed or deleted since stays so. At start, before anything is answered. An item that
/// is new and stands against what is stored is told in the log; a failure names the setting.
Status put_configured_realms(const admin::AdminServices& services,
                             const config::ServerConfig& config);
/// The same of one realm; `config` is where failures find the settings at `path`.
Status put_configured_realm(const admin::AdminServices& services, const config::RealmConfig& realm,
                            const config::Places& places, const std::string& path);

/// The realm "root", which every server has; with a client "demo" where a secret for it is given.
config::RealmConfig root_realm(const std::string& demo_secret);

}  // namespace signet::app
