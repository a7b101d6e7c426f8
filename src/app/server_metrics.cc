#include "app/server_metrics.h"

#include <algorithm>

namespace signet::app {
namespace {

double in_seconds(Milliseconds time) {
  return static_cast<double>(time.count()) / 1000;
}

/// Counted by somebody else, from the start of the process on.
void export_count(net::Metrics& metrics, const std::string& name, const std::string& help,
                  std::function<double()> read) {
  metrics.counters(name, help, [read = std::move(read)] {
    net::Sample sample;
    sample.value = read();
    return std::vector<net::Sample>(1, sample);
  });
}

}  // namespace

void export_server(net::Metrics& metrics, const net::Server& server,
                   std::shared_ptr<const oauth::DenyList> denied) {
  export_count(metrics, "signet_requests_total", "Requests answered on the public listener.",
               [&server] { return static_cast<double>(server.stats(0).requests_total); });
  export_count(metrics, "signet_bad_requests_total", "Requests refused before routing.",
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
  export_count(metrics, "signet_rotation_steps_total", "Steps of automatic rotation done here.",
               [rotation] { return static_cast<double>(rotation->steps()); });
  export_count(metrics, "signet_rotation_failures_total",
               "Steps of automatic rotation that failed here.",
               [rotation] { return static_cast<double>(rotation->failures()); });
  metrics.gauge("signet_rotation_failing",
                "Schedules whose last step failed, or which are impossible.", {}, [rotation] {
                  double failing = 0;
                  for (const auto& status : rotation->status())
                    failing += status.memory.failures > 0 || !status.possible.ok() ? 1 : 0;
                  return failing;
                });
}

void export_purge(net::Metrics& metrics, const Upkeep& upkeep) {
  export_count(metrics, "signet_purged_rows_total",
               "Rows of the storage that expired and were removed.",
               [&upkeep] { return static_cast<double>(upkeep.purged_rows()); });
  metrics.gauge("signet_purge_behind",
                "1 where the last sweep had no time for everything that expired.", {},
                [&upkeep] { return upkeep.is_purge_behind() ? 1.0 : 0.0; });
}

}  // namespace signet::app
