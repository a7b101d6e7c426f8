#pragma once
// The listeners that the configuration asks for; their handlers are put in by who opens them.

#include <string>

#include "config/server_config.h"
#include "net/http_server.h"

namespace signet::app {

net::ListenOptions public_listener(const config::ServerConfig& config);
net::ListenOptions management_listener(const config::ServerConfig& config);

/// How a client on this machine writes the address that is listened on.
std::string host_in_url(const std::string& address);

}  // namespace signet::app
