#pragma once

#include <sqlite3.h>

#include <string_view>

#include "base/result.h"

namespace signet::storage::sqlite {

/// What a failed SQLite call means to the callers of storage: "storage_full", "storage_corrupt"
/// (kInternal), else "storage_unavailable". `db` (may be null) tells the sentence.
Error error_of(int code, sqlite3* db, std::string_view doing);

}  // namespace signet::storage::sqlite
