#pragma once

#include <string>

#include "base/result.h"

namespace signet::storage::sqlite {

/// Makes the file with mode 0600 if it is absent, its directory entry durable; narrows the mode of
/// one that others may read. SQLite gives its log the same mode. kConfig "storage_open_failed".
Status prepare_database_file(const std::string& path);

}  // namespace signet::storage::sqlite
