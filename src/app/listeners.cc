#include "app/listeners.h"

#include <algorithm>

namespace signet::app {
namespace {

net::ServerLimits limits_of(const config::LimitsConfig& configured) {
  net::ServerLimits limits;
  limits.max_head = configured.header_bytes;
  limits.max_body = configured.body_bytes;
  limits.max_connections = configured.connections;
  limits.head_timeout = configured.header_timeout;
  limits.body_timeout = configured.body_timeout;
  limits.idle_timeout = configured.idle_timeout;
  return limits;
}

}  // namespace

net::ListenOptions public_listener(const config::ServerConfig& config) {
  net::ListenOptions options;
  options.name = "public";
  options.address = config.server.address;
  options.port = config.server.port;
  options.shares_port = config.server.shares_port;
  options.limits = limits_of(config.server.limits);
  options.cors_origins = config.server.cors_origins;
  options.hsts = config.server.hsts;
  if (config.server.tls)
    options.tls = net::TlsOptions{config.server.tls->certificate, config.server.tls->private_key,
                                  config.server.tls->request_client_certificate, true};
  return options;
}

net::ListenOptions management_listener(const config::ServerConfig& config) {
  net::ListenOptions options;
  options.name = "management";
  options.address = config.management.address;
  options.port = config.management.port;
  options.limits = limits_of(config.server.limits);
  options.limits.max_body = std::max<std::size_t>(options.limits.max_body, 1 << 20);
  return options;
}

std::string host_in_url(const std::string& address) {
  if (address == "0.0.0.0" || address == "::") return "localhost";
  return address.find(':') == address.npos ? address : "[" + address + "]";
}

}  // namespace signet::app
