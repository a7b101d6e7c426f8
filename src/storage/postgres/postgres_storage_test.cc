#include "storage/postgres/postgres_storage.h"

#include "storage/forwarding_storage.h"
#include "storage/postgres/test_server.h"
#include "storage/storage_contract.h"

namespace signet::storage::test {
namespace {

using postgres::test::TestServer;

/// A database for each folder that the contract makes up.
std::string database_of(const std::filesystem::path& folder) {
  static std::map<std::string, std::string> known;
  auto& name = known[folder.string()];
  if (name.empty()) name = TestServer::shared().make_database();
  return TestServer::shared().conninfo(name);
}

Engine postgres_engine() {
  Engine engine;
  engine.missing = &TestServer::missing;
  engine.open = [](const std::filesystem::path& folder, const Clock& clock) {
    return postgres::open(database_of(folder), clock);
  };
  return engine;
}
INSTANTIATE_TEST_SUITE_P(Postgres, StorageContract, exam_of(postgres_engine()));

/// The same with one connection for everything.
Engine narrow_engine() {
  Engine engine = postgres_engine();
  engine.open = [](const std::filesystem::path& folder, const Clock& clock) {
    postgres::Options options;
    options.connections = 1;
    return postgres::open(database_of(folder), clock, options);
  };
  return engine;
}
INSTANTIATE_TEST_SUITE_P(PostgresOneConnection, StorageContract, exam_of(narrow_engine()));

/// Two instances over one database, asked in turn: what one does the other must see.
class TwoInstances : public ForwardingStorage {
 public:
  TwoInstances(std::shared_ptr<Storage> a, std::shared_ptr<Storage> b)
      : instances_{std::move(a), std::move(b)} {}

 private:
  Storage& next() override { return *instances_[turn_++ % 2]; }
  std::array<std::shared_ptr<Storage>, 2> instances_;
  std::atomic<std::size_t> turn_ = 0;
};

Engine two_instances_engine() {
  Engine engine = postgres_engine();
  engine.open = [open = engine.open](const std::filesystem::path& folder,
                                     const Clock& clock) -> Result<std::shared_ptr<Storage>> {
    TRY(auto a, open(folder, clock));
    TRY(auto b, open(folder, clock));
    return std::shared_ptr<Storage>(std::make_shared<TwoInstances>(a, b));
  };
  return engine;
}
INSTANTIATE_TEST_SUITE_P(PostgresTwoInstances, StorageContract, exam_of(two_instances_engine()));

}  // namespace
}  // namespace signet::storage::test
