#pragma once

#include "app/stores.h"

namespace signet::app {

/// Logs mappings to secret IDs that nobody asks for, once at start. An ID of an operator's own is
/// the name of a password; one of "am." that is not in the registry is a slip.
void tell_unknown_ids(const MadeStores& made);

}  // namespace signet::app
