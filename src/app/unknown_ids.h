#pragma once

#include "app/stores.h"
#include "config/server_config.h"

namespace signet::app {

/// Logs mappings to secret IDs that nobody asks for, once at start. An ID of an operator's own is
/// the name of a password; one of "am." that is not in the registry is a slip.
void tell_unknown_ids(const MadeStores& made);

/// The same of `keys.cryptoperiods`: a slip would leave the key with the period of all others.
void tell_unknown_ids(const config::KeysConfig& keys);

}  // namespace signet::app
