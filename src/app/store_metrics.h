#pragma once

#include <memory>

#include "net/metrics.h"
#include "secrets/keeper/keeper.h"

namespace signet::app {

/// Shows what the keeper counted of its stores: signet_store_calls_total{store,realm,outcome},
/// where the outcome is "ok" or the code of the failure, and the summary
/// signet_store_call_seconds{store,realm}; of keys in boxes the same as
/// signet_store_key_calls_total and signet_store_key_call_seconds. The realm of a global store is
/// empty.
void export_store_calls(net::Metrics& metrics, std::shared_ptr<secrets::Keeper> keeper);

}  // namespace signet::app
