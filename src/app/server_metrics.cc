#include "app/server_metrics.h"

#include <algorithm>

namespace signet::app {
namespace {

double in_seconds(Milliseconds time) {
  return static_cast<double>(time.count()) / 1000;
}

}  // namespace

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

void export_clocks(net::Metrics& metrics, std::shared_ptr<const secrets::Keeper> keeper) {
  metrics.gauge("signet_clock_step_seconds", "The last step of the clock that was noticed.", {},
                [keeper] {
                  const auto step = keeper->clock_step();
                  return step ? in_seconds(step->by) : 0.0;
                });
  metrics.gauge("signet_clock_apart_seconds",
                "How far the clock of a live instance is from this one's, at least.", {}, [keeper] {
                  Milliseconds most{0};
                  for (const auto& instance : keeper->instances())
                    if (instance.is_live)
                      most = std::max(most, std::chrono::abs(instance.clock_ahead));
                  return in_seconds(most);
                });
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
