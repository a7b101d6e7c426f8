#include "storage/memory/memory_storage.h"

#include "storage/storage_contract.h"

namespace signet::storage::test {
namespace {

Engine memory_engine() {
  Engine engine;
  engine.is_durable = false;
  engine.open = [](const std::filesystem::path&, const Clock& clock) {
    return Result<std::shared_ptr<Storage>>(memory::open(clock));
  };
  return engine;
}
INSTANTIATE_TEST_SUITE_P(Memory, StorageContract, exam_of(memory_engine()));

}  // namespace
}  // namespace signet::storage::test
