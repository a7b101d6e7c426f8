#include "storage/expired.h"

namespace signet::storage {

Task<bool> purge_expired(std::shared_ptr<Storage> storage, Instant before,
                         std::function<bool(std::int64_t rows)> goes_on) {
  while (true) {
    CO_TRY(const std::int64_t rows, co_await storage->count_expired(before, kPurgeSlice));
    if (rows == 0) co_return true;
    Transaction slice;
    slice.emplace_back(Purge{before});
    CO_TRY(co_await storage->commit(std::move(slice)));
    const bool is_wanted = goes_on(rows);
    // Fewer than a slice of all kinds together: none of them was cut.
    if (rows < static_cast<std::int64_t>(kPurgeSlice)) co_return true;
    if (!is_wanted) co_return false;
  }
}

}  // namespace signet::storage
