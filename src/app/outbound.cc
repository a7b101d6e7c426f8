#include "app/outbound.h"

namespace signet::app {
namespace {

/// As many signatures of a remote key may be under way at once.
constexpr std::size_t kConnections = 256;
constexpr std::size_t kConnectionsPerHost = 64;

}  // namespace

Result<std::shared_ptr<net::HttpClient>> make_outbound(const config::ServerConfig& config,
                                                       const config::Environment& environment) {
  net::HttpClientSettings settings;
  settings.ca_file = config.outbound.ca_file;
  settings.proxy = config.outbound.proxy;
  settings.environment.assign(environment.begin(), environment.end());
  settings.max_connections = kConnections;
  settings.max_connections_per_host = kConnectionsPerHost;
  return net::make_http_client(std::move(settings));
}

}  // namespace signet::app
