#include "app/server_metrics.h"

namespace signet::app {

void export_server(net::Metrics& metrics, const net::Server& server,
                   std::shared_ptr<const oauth::DenyList> denied) {
  metrics.gauge("signet_requests_total", "Requests answered on the public listener.", {},
                [&server] { return static_cast<double>(server.stats(0).requests_total); });
  metrics.gauge("signet_bad_requests_total", "Requests refused before routing.", {},
                [&server] { return static_cast<double>(server.stats(0).bad_requests_total); });
  metrics.gauge("signet_connections_open", "Open connections of the public listener.", {},
                [&server] { return static_cast<double>(server.stats(0).connections_open); });
  metrics.gauge("signet_denied_tokens", "Revoked tokens that are not expired yet.", {},
                [denied] { return static_cast<double>(denied->size()); });
}

void export_rotation(net::Metrics& metrics,
                     std::shared_ptr<const secrets::RotationRunner> rotation) {
  metrics.gauge("signet_rotation_steps_total", "Steps of automatic rotation done here.", {},
                [rotation] { return static_cast<double>(rotation->steps()); });
  metrics.gauge("signet_rotation_failures_total", "Steps of automatic rotation that failed here.",
                {}, [rotation] { return static_cast<double>(rotation->failures()); });
  metrics.gauge("signet_rotation_failing", "Schedules whose last step failed.", {}, [rotation] {
    double failing = 0;
    for (const auto& status : rotation->status())
      failing += status.memory.failures > 0 ? 1 : 0;
    return failing;
  });
}

}  // namespace signet::app
