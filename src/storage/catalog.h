#pragma once

#include <string>

#include "storage/postgres/options.h"
#include "storage/storage.h"

namespace signet::storage {

/// True for the URL of an engine that several instances may share.
bool is_shared(const std::string& url);

/// Opens the engine that the URL names: "sqlite:PATH" (made with mode 0600 if absent), "memory:",
/// or "postgresql://..." as libpq reads it. Migrations run here, each in a transaction. kConfig
/// "storage_url_invalid", "storage_open_failed", "storage_too_new" (a newer program wrote it).
Result<std::shared_ptr<Storage>> open(const std::string& url, const Clock& clock,
                                      postgres::Options options = {});

}  // namespace signet::storage
