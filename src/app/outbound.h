#pragma once

#include <memory>

#include "config/server_config.h"
#include "net/http_client.h"
#include "oauth/endpoints/key_set_cache.h"

namespace signet::app {

/// The one HTTP client of all secret stores, as the settings `outbound.*` say; what is not set
/// there the environment's proxy variables do. kConfig "outbound_ca_invalid",
/// "outbound_proxy_invalid".
Result<std::shared_ptr<net::HttpClient>> make_outbound(const config::ServerConfig& config,
                                                       const config::Environment& environment);

/// What reads the key sets that others publish by URL: an HTTP client of its own, which goes to
/// public addresses only, and the settings `resource_servers.jwks.*`. Errors as above.
Result<std::shared_ptr<oauth::KeySetCache>> make_key_sets(const config::ServerConfig& config,
                                                          const config::Environment& environment,
                                                          std::shared_ptr<Clock> clock,
                                                          std::shared_ptr<Random> random,
                                                          oauth::KeySetCheck check);

}  // namespace signet::app
