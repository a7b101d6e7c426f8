#include "storage/sqlite/sqlite_storage.h"

#include "storage/storage_contract.h"

namespace signet::storage::test {
namespace {

Engine sqlite_engine() {
  Engine engine;
  engine.open = [](const std::filesystem::path& folder, const Clock& clock) {
    return sqlite::open((folder / "signet.db").string(), clock);
  };
  return engine;
}
INSTANTIATE_TEST_SUITE_P(Sqlite, StorageContract, exam_of(sqlite_engine()));

}  // namespace
}  // namespace signet::storage::test
