#pragma once

#include "config/server_config.h"
#include "net/metrics.h"

namespace signet::app {

/// Names every unsafe switch that is on in the log and in `signet_unsafe_switch`, so that none is
/// forgotten (sec_218).
void tell_unsafe_switches(const config::ServerConfig& config, net::Metrics& metrics);

}  // namespace signet::app
