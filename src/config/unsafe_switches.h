#pragma once

#include <string>
#include <vector>

#include "config/server_config.h"

namespace signet::config {

/// A setting that takes a protection away, and says so by its name: "unsafe_…".
struct UnsafeSwitch {
  std::string name;   ///< "unsafe_permissions"
  std::string store;  ///< the secret store that has it
  std::string realm;  ///< whose store that is; empty: a global one
};
/// Those that are on, in the order of the file.
std::vector<UnsafeSwitch> unsafe_switches(const ServerConfig& config);

}  // namespace signet::config
