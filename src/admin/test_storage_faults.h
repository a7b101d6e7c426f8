#pragma once
// A server whose storage fails at its Nth call (F8), for tests.

#include <functional>
#include <memory>
#include <optional>
#include <string>

#include "admin/test_admin.h"
#include "storage/test_failing_storage.h"

namespace signet::admin::test {

/// One request, what comes before it, and what must hold after it; no call fails any more in
/// `check`.
struct FaultyRequest {
  std::string name;
  std::function<void()> prepare = [] {};
  std::function<FakeExchange()> send;
  std::function<void(FakeExchange& answer, signet::test::Ended)> check;
};

/// The realm "root" with the clients "jwt" and "opaque", over a storage that fails.
class StorageFaultsTest : public AdminApiTest {
 protected:
  StorageFaultsTest();
  ~StorageFaultsTest() override;

  /// The request with each call of storage failing, once and for good, and with each answer of a
  /// commit lost. A refusal is 503 with its reason; after each run the server serves as before.
  void loops(const FaultyRequest& request);
  FakeExchange erase(const std::string& path);
  /// Forgets what caches hold, so that a request loads everything.
  void make_cold();
  /// The rings follow what is stored.
  void refresh();
  /// Keys to verify are never missing, what was issued is good, and more is issued.
  void expect_service();
  /// What the server itself finds of what must always hold.
  void expect_invariants();

  std::shared_ptr<storage::test::FailingStorage> failing;
  std::string old_token;  ///< issued before anything failed
};

/// The number in `answer`, at these members one inside the other; -1 if there is none.
std::int64_t number_at(const FakeExchange& answer, std::initializer_list<const char*> members);

}  // namespace signet::admin::test
