#pragma once
// What must hold between the settings of keys, for the sources of this room.

#include "config/findings.h"

namespace signet::config {

/// That keys.lease, keys.refresh and keys.publish_ahead fit each other.
void check_key_times(const ServerConfig& config, Findings& findings);

/// That the rules of rotation and the cryptoperiods have a store and fit each other.
void check_key_rules(const ServerConfig& config, Findings& findings);

}  // namespace signet::config
