#include "storage/postgres/postgres_storage.h"

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
class TwoInstances : public Storage {
 public:
  TwoInstances(std::shared_ptr<Storage> a, std::shared_ptr<Storage> b)
      : instances_{std::move(a), std::move(b)} {}

  Task<Done> commit(Transaction t) override { return next().commit(std::move(t)); }
  Task<std::optional<Document>> document(std::string kind, RealmName realm,
                                         std::string id) override {
    return next().document(kind, realm, id);
  }
  Task<std::vector<Document>> documents(std::string kind, RealmName realm, std::string after,
                                        std::size_t limit) override {
    return next().documents(kind, realm, after, limit);
  }
  Task<std::int64_t> count_documents(std::string kind, RealmName realm) override {
    return next().count_documents(kind, realm);
  }
  Task<std::vector<DocumentChange>> changes_since(std::int64_t after, std::size_t limit) override {
    return next().changes_since(after, limit);
  }
  Task<std::int64_t> last_change() override { return next().last_change(); }
  Task<std::optional<TokenRecord>> token(Bytes hash) override { return next().token(hash); }
  Task<bool> is_denied(RealmName realm, Bytes hash) override {
    return next().is_denied(realm, hash);
  }
  Task<std::vector<DeniedToken>> denials_since(std::int64_t after, std::size_t limit,
                                               std::int64_t* last) override {
    return next().denials_since(after, limit, last);
  }
  Task<std::vector<KeyRecord>> keys(RealmName realm) override { return next().keys(realm); }
  Task<std::vector<AuditEvent>> audit(std::int64_t after, std::size_t limit) override {
    return next().audit(after, limit);
  }
  Task<Done> ping() override { return next().ping(); }

 private:
  Storage& next() { return *instances_[turn_++ % 2]; }
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
