#pragma once

#include <string>

#include "storage/storage.h"

namespace signet::storage {

/// Opens the engine that the URL names: "sqlite:PATH" (made with mode 0600 if absent) or "memory:".
/// Migrations run here, each in a transaction. kConfig "storage_url_invalid",
/// "storage_open_failed", "storage_too_new" (a newer program wrote it).
Result<std::shared_ptr<Storage>> open(const std::string& url, const Clock& clock);

}  // namespace signet::storage
