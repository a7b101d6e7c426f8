#pragma once

#include "storage/postgres/options.h"
#include "storage/storage.h"

namespace signet::storage::postgres {

/// The engine for several instances: `conninfo` is libpq's. Migrates the schema under a lock first.
/// kConfig "storage_url_invalid", "storage_open_failed", "storage_too_new"; kUnavailable
/// "storage_unavailable" if the server does not answer now. Later outages are waited out.
/// `clock` must outlive the storage.
Result<std::shared_ptr<Storage>> open(const std::string& conninfo, const Clock& clock,
                                      Options options = {});

}  // namespace signet::storage::postgres
