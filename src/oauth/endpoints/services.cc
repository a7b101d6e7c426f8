#include "oauth/endpoints/services.h"

#include "resource_servers/resource_server.h"
#include "tokens/format.h"

namespace signet::oauth {

Counters Counters::in(net::Metrics& metrics) {
  Counters counters;
  for (const auto format : {tokens::TokenFormat::kJwt, tokens::TokenFormat::kEncryptedJwt,
                            tokens::TokenFormat::kOpaque}) {
    counters.issued[static_cast<std::size_t>(format)] =
        &metrics.counter("signet_access_tokens_issued_total", "Access tokens given out.",
                         {{"format", std::string(tokens::to_string(format))}});
  }
  using resource_servers::Encryption;
  for (const auto encryption :
       {Encryption::kNone, Encryption::kServerKey, Encryption::kResourceServerKey}) {
    counters.issued_for[static_cast<std::size_t>(encryption)] =
        &metrics.counter("signet_resource_server_tokens_issued_total",
                         "Access tokens given out for resource servers, by how they encrypt them.",
                         {{"encryption", std::string(resource_servers::to_string(encryption))}});
  }
  counters.introspected =
      &metrics.counter("signet_introspections_total", "Introspections answered.");
  counters.revoked = &metrics.counter("signet_revocations_total", "Revocations answered.");
  const auto injected = [&metrics](std::string token) {
    return &metrics.counter("signet_injections_total", "Headers given to gateways.",
                            {{"token", std::move(token)}});
  };
  counters.injected_new = injected("new");
  counters.injected_again = injected("again");
  counters.refused = &metrics.counter("signet_oauth_refusals_total", "OAuth requests refused.");
  const auto too_many = [&metrics](std::string limit) {
    return &metrics.counter("signet_oauth_too_many_requests_total",
                            "OAuth requests refused because there were too many in a second.",
                            {{"limit", std::move(limit)}});
  };
  counters.over_limit = too_many("instance");
  counters.over_client_limit = too_many("client");
  return counters;
}

}  // namespace signet::oauth
