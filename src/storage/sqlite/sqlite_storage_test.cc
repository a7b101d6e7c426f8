#include "storage/sqlite/sqlite_storage.h"

#include "storage/storage_contract.h"

namespace signet::storage::test {

struct SqliteEngine {
  static constexpr bool kDurable = true;
  static Result<std::shared_ptr<Storage>> open(const std::filesystem::path& folder,
                                               const Clock& clock) {
    return sqlite::open((folder / "signet.db").string(), clock);
  }
};
INSTANTIATE_TYPED_TEST_SUITE_P(Sqlite, StorageContract, SqliteEngine);

}  // namespace signet::storage::test
