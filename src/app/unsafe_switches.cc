#include "app/unsafe_switches.h"

#include "base/log.h"
#include "config/unsafe_switches.h"

namespace signet::app {

void tell_unsafe_switches(const config::ServerConfig& config, net::Metrics& metrics) {
  for (const auto& [name, store, realm] : config::unsafe_switches(config)) {
    log::warn("unsafe_switch_on", {{"switch", name}, {"store", store}, {"realm", realm}});
    metrics.gauge("signet_unsafe_switch", "Settings that take a protection away and are on.",
                  {{"switch", name}, {"store", store}, {"realm", realm}}, [] { return 1.0; });
  }
}

}  // namespace signet::app
