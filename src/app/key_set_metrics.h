#pragma once

#include <memory>

#include "net/metrics.h"
#include "oauth/endpoints/key_set_cache.h"

namespace signet::app {

/// Shows how key sets by URL are read: signet_key_set_fetches_total{outcome}, where the outcome is
/// "ok" or the code of the failure, the summary signet_key_set_fetch_seconds, and the gauges
/// signet_key_sets, signet_key_sets_failing (the last reading failed), signet_key_sets_stale (the
/// last good one serves past its age) and signet_key_sets_out (nothing may be used). The last three
/// count only what somebody asked for lately.
void export_key_sets(net::Metrics& metrics, std::shared_ptr<oauth::KeySetCache> key_sets);

}  // namespace signet::app
