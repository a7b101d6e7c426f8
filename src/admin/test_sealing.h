#pragma once
// A storage with values that are sealed under real keys, for tests.

#include "admin/sealed_values.h"
#include "admin/test_resource_servers.h"
#include "storage/test_folder.h"

namespace signet::admin::test {

/// Fails from a commit on, as a disk or a connection that is gone does.
class FailingStorage : public storage::ForwardingStorage {
 public:
  explicit FailingStorage(std::shared_ptr<storage::Storage> real);
  ~FailingStorage() override;
  Task<Done> commit(storage::Transaction transaction) override;
  Task<std::vector<storage::Document>> documents(std::string kind, RealmName realm,
                                                 std::string after, std::size_t limit) override;

  int commits = 0;                  ///< so far
  int fails_at = 0;                 ///< the number of the first commit that fails; 0: none does
  bool is_lost = false;             ///< only the answer of that commit is lost: it is durable
  std::function<void()> meanwhile;  ///< called once, just before the next commit
  int pages = 0;                    ///< of clients that were read

 private:
  storage::Storage& next() override { return *real_; }
  std::shared_ptr<storage::Storage> real_;
};

class SealingTest : public AdminApiTest {
 protected:
  SealingTest();
  ~SealingTest() override;
  /// Begins anew with an empty storage ("memory:" or "sqlite:PATH") and the realm "root".
  void open(const std::string& url);
  /// The server starts again with these keys, the first of which seals.
  void use_keys(const std::vector<std::string>& names);
  /// The same, and what a start looks at of the sealing keys; `lost` are ids of keys that it is
  /// told of. Pages are counted from here.
  Result<Done> start(const std::vector<std::string>& names, std::vector<std::string> lost = {});
  /// The names of the keys that storage remembers, in order.
  std::vector<std::string> registered();
  /// So many clients whose secret is kept sealed, "c1" and so on, under the first key.
  void add_clients(int count);
  /// A resource server with a symmetric key, and one whose key is for `dir`: three values.
  void add_resource_servers();
  /// The secret of a client, as its document keeps it; "" where these keys do not open it.
  std::string secret_of(const std::string& client, const std::vector<std::string>& keys);
  static std::string secret_number(int number);
  /// How many values open with one of these keys.
  std::size_t open_with(const std::vector<std::string>& names);
  std::size_t values();
  FakeExchange renew(const std::string& body = "{}");
  json::Object status();
  /// What an answer says of the key of that name.
  static json::Value of_key(const json::Object& answer, const std::string& name);
  static std::int64_t number(const json::Object& answer, std::string_view member);
  /// The neighbour writes its document again, so that it lives, with these keys.
  void neighbour_has(const std::string& keys);
  int renewals();  ///< in the journal

  std::shared_ptr<FailingStorage> storage;
};

}  // namespace signet::admin::test
