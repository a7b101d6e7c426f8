#pragma once
// The exam of every storage engine. Its test says
//   INSTANTIATE_TEST_SUITE_P(Sqlite, StorageContract, exam_of(engine));

#include <gtest/gtest.h>

#include <filesystem>
#include <functional>
#include <memory>
#include <string>

#include "base/clock.h"
#include "storage/storage.h"
#include "storage/test_folder.h"

namespace signet::storage::test {

struct Engine {
  bool is_durable = true;  ///< what it holds survives it
  std::function<Result<std::shared_ptr<Storage>>(const std::filesystem::path& folder, const Clock&)>
      open;
  /// Where it needs an outside program: empty, or why to skip.
  std::function<std::string()> missing{};
};

testing::internal::ParamGenerator<Engine> exam_of(Engine engine);

class StorageContract : public testing::TestWithParam<Engine> {
 protected:
  StorageContract();
  ~StorageContract() override;
  void SetUp() override;
  void reopen();
  Status commit(Transaction transaction);
  Status put(Document document, std::optional<std::int64_t> expected = {});
  std::optional<Document> client_document(const std::string& id);
  std::vector<std::string> ids(std::string after = "", std::size_t limit = 100);
  std::vector<DocumentChange> changes(std::int64_t after = 0, std::size_t limit = 100);
  KeyRecord only_key();
  std::vector<AuditEvent> audit();

  TestFolder folder_;
  ManualClock clock_;
  std::shared_ptr<Storage> storage_;
};

}  // namespace signet::storage::test
