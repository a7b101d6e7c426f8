#pragma once

#include "app/stores.h"
#include "storage/catalog.h"

namespace signet::app {

/// How the storage of the configuration is opened; its password comes from the global stores that
/// `made` holds. kInvalid for a password_secret_id that is no secret ID.
Result<storage::postgres::Options> storage_options_of(const config::ServerConfig& config,
                                                      const MadeStores& made);

}  // namespace signet::app
