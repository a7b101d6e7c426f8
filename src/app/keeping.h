#pragma once
// What the configuration says of how keys are kept.

#include <memory>
#include <string>
#include <vector>

#include "config/server_config.h"
#include "secrets/cryptoperiod.h"
#include "secrets/keeper/keeper.h"
#include "secrets/keeper/rotation_runner.h"

namespace signet::app {

/// The settings `keys.*`, without the instance.
secrets::KeeperOptions keeper_options(const config::ServerConfig& config,
                                      std::shared_ptr<Random> random);

/// This process for the others of the cluster to see, under an ID of its own.
secrets::InstanceInfo new_instance(const config::ServerConfig& config, std::string version,
                                   const Clock& clock, Random& random);

/// The settings `keys.rotation`. kInvalid for an ID that is no secret ID.
Result<std::vector<secrets::RotationRule>> rotation_rules(const config::KeysConfig& keys);

/// The settings `keys.cryptoperiod` and `keys.cryptoperiods`. kInvalid as above.
Result<secrets::Cryptoperiods> cryptoperiods(const config::KeysConfig& keys);

}  // namespace signet::app
