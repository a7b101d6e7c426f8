#include "storage/memory/memory_storage.h"
#include "storage/storage_contract.h"

namespace signet::storage::test {

struct MemoryEngine {
  static constexpr bool kDurable = false;
  static Result<std::shared_ptr<Storage>> open(const std::filesystem::path&, const Clock& clock) {
    return memory::open(clock);
  }
};
INSTANTIATE_TYPED_TEST_SUITE_P(Memory, StorageContract, MemoryEngine);

}  // namespace signet::storage::test
