#include "storage/postgres/postgres_storage.h"

#include "storage/forwarding_storage.h"
#include "storage/postgres/test_server.h"
#include "storage/storage_contract.h"

namespace signet::storage::test {

using postgres::test::TestServer;

/// A database for each folder that the contract makes up.
std::string database_of(const std::filesystem::path& folder) {
  static std::map<std::string, std::string> known;
  auto& name = known[folder.string()];
  if (name.empty()) name = TestServer::shared().make_database();
  return TestServer::shared().conninfo(name);
}

struct PostgresEngine {
  static constexpr bool kDurable = true;
  static std::string missing() { return TestServer::missing(); }
  static Result<std::shared_ptr<Storage>> open(const std::filesystem::path& folder,
                                               const Clock& clock) {
    return postgres::open(database_of(folder), clock);
  }
};
INSTANTIATE_TYPED_TEST_SUITE_P(Postgres, StorageContract, PostgresEngine);

/// The same with one connection for everything.
struct NarrowEngine : PostgresEngine {
  static Result<std::shared_ptr<Storage>> open(const std::filesystem::path& folder,
                                               const Clock& clock) {
    postgres::Options options;
    options.connections = 1;
    return postgres::open(database_of(folder), clock, options);
  }
};
INSTANTIATE_TYPED_TEST_SUITE_P(PostgresOneConnection, StorageContract, NarrowEngine);

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

struct TwoInstancesEngine : PostgresEngine {
  static Result<std::shared_ptr<Storage>> open(const std::filesystem::path& folder,
                                               const Clock& clock) {
    TRY(auto a, PostgresEngine::open(folder, clock));
    TRY(auto b, PostgresEngine::open(folder, clock));
    return std::shared_ptr<Storage>(std::make_shared<TwoInstances>(a, b));
  }
};
INSTANTIATE_TYPED_TEST_SUITE_P(PostgresTwoInstances, StorageContract, TwoInstancesEngine);

}  // namespace signet::storage::test
