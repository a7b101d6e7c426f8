#pragma once
// All that expired, for one who removes it.

#include <functional>
#include <memory>

#include "storage/storage.h"

namespace signet::storage {

/// Commits one Purge after another, each a transaction of its own so that the writes of others go
/// between, until nothing is left that expired before `before`. After each `goes_on` hears about
/// how many rows went; with false it ends the walk there. Gives whether nothing is left; where
/// other instances purge at the same time, the rows that they took may be counted here too.
Task<bool> purge_expired(std::shared_ptr<Storage> storage, Instant before,
                         std::function<bool(std::int64_t rows)> goes_on);

}  // namespace signet::storage
