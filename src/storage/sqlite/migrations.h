#pragma once

#include "storage/sqlite/connection.h"

namespace signet::storage::sqlite {

/// "Sign" in ASCII: tells our files from those of other programs (PRAGMA application_id).
inline constexpr std::int64_t kApplicationId = 0x5369676e;

/// The version this program writes (PRAGMA user_version).
std::int64_t newest_schema();

/// Brings the schema up to date, each step in a transaction of its own. kConfig "storage_too_new",
/// "storage_open_failed" (another program's database); else what the disk answers.
Status migrate(Connection& db);

}  // namespace signet::storage::sqlite
