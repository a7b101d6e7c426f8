#pragma once

#include <memory>

#include "config/server_config.h"
#include "net/http_client.h"

namespace signet::app {

/// The one HTTP client of all secret stores, as the settings `outbound.*` say; what is not set
/// there the environment's proxy variables do. kConfig "outbound_ca_invalid",
/// "outbound_proxy_invalid".
Result<std::shared_ptr<net::HttpClient>> make_outbound(const config::ServerConfig& config,
                                                       const config::Environment& environment);

}  // namespace signet::app
