#include "app/outbound.h"

namespace signet::app {
namespace {

/// As many signatures of a remote key may be under way at once.
constexpr std::size_t kConnections = 256;
constexpr std::size_t kConnectionsPerHost = 64;
/// Of key sets: one host that hangs takes few of them.
constexpr std::size_t kKeySetConnectionsPerHost = 8;

net::HttpClientSettings common_settings(const config::ServerConfig& config,
                                        const config::Environment& environment) {
  net::HttpClientSettings settings;
  settings.ca_file = config.outbound.ca_file;
  settings.proxy = config.outbound.proxy;
  settings.environment.assign(environment.begin(), environment.end());
  settings.max_connections = kConnections;
  return settings;
}

}  // namespace

Result<std::shared_ptr<net::HttpClient>> make_outbound(const config::ServerConfig& config,
                                                       const config::Environment& environment) {
  net::HttpClientSettings settings = common_settings(config, environment);
  settings.max_connections_per_host = kConnectionsPerHost;
  return net::make_http_client(std::move(settings));
}

Result<std::shared_ptr<oauth::KeySetCache>> make_key_sets(const config::ServerConfig& config,
                                                          const config::Environment& environment,
                                                          std::shared_ptr<Clock> clock,
                                                          std::shared_ptr<Random> random,
                                                          oauth::KeySetCheck check) {
  net::HttpClientSettings way = common_settings(config, environment);
  way.max_connections_per_host = kKeySetConnectionsPerHost;
  way.only_public_addresses = true;
  way.allowed_private_hosts = config.key_sets.allow_private_hosts;
  TRY(auto http, net::make_http_client(std::move(way)));
  oauth::KeySetSettings settings;
  settings.timeout = config.key_sets.timeout;
  settings.max_body = config.key_sets.max_body;
  settings.max_redirects = static_cast<unsigned>(config.key_sets.max_redirects);
  settings.allow_http = config.key_sets.allow_http;
  settings.min_age = config.key_sets.min_age;
  settings.max_age = config.key_sets.max_age;
  settings.last_good = config.key_sets.last_good;
  settings.max_retries = kConnections / 2;
  return std::make_shared<oauth::KeySetCache>(std::move(http), std::move(clock), std::move(random),
                                              std::move(check), settings);
}

}  // namespace signet::app
