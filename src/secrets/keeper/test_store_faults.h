#pragma once
// A keeper over a store whose Nth call fails (F8), for the tests of this room.

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "secrets/keeper/test_support.h"
#include "secrets/stores/memory/memory_store.h"
#include "secrets/stores/remote_key.h"
#include "support/fault_loop.h"

namespace signet::secrets::test {

/// How a call fails.
struct StoreFault {
  const char* name;
  Error error;
  bool is_late;  ///< the store did what it was asked, and nobody hears of it
};
inline const StoreFault kStoreFaults[] = {
    {"away", {Code::kUnavailable, "store_down", "nobody answers"}, false},
    {"slow", {Code::kTimeout, "store_timeout", "no answer"}, false},
    {"broken", {Code::kConfig, "secret_unreadable", "torn"}, false},
    {"answer_lost", {Code::kTimeout, "store_timeout", "the answer was lost"}, true}};

/// What the store and the keys of a world share.
struct StoreFaults {
  signet::test::NthCall calls;
  StoreFault how = kStoreFaults[0];
};
using StoreFaultsPtr = std::shared_ptr<StoreFaults>;

template <class T>
Task<T> pass_or_fail(StoreFaultsPtr faults, Task<T> call) {
  const bool fails_now = faults->calls.is_next_to_fail();
  if (fails_now && !faults->how.is_late) co_return faults->how.error;
  Result<T> answer = co_await std::move(call);
  if (fails_now) co_return faults->how.error;
  co_return answer;
}

/// Makes keys, and fails when it is told to.
class FailingStore : public MemoryStore {
 public:
  explicit FailingStore(StoreFaultsPtr faults, Ordering ordering = Ordering::kByMapping)
      : MemoryStore(StoreName("ks"), ordering), faults_(std::move(faults)) {}

  Task<std::vector<Secret>> fetch(Alias alias) override {
    return pass_or_fail<std::vector<Secret>>(faults_, MemoryStore::fetch(std::move(alias)));
  }
  Task<std::vector<Alias>> aliases() override {
    return pass_or_fail<std::vector<Alias>>(faults_, MemoryStore::aliases());
  }
  Task<std::string> fingerprint() override {
    return pass_or_fail<std::string>(faults_, MemoryStore::fingerprint());
  }
  Task<Done> probe() override { return pass_or_fail<Done>(faults_, MemoryStore::probe()); }
  Task<Secret> make_key(Alias alias, crypto::KeyKind kind, std::size_t bits) override {
    return pass_or_fail<Secret>(faults_, MemoryStore::make_key(std::move(alias), kind, bits));
  }

 protected:
  const StoreFaultsPtr faults_;
};

/// A key in a box that fails when it is told to.
class FailingKey : public RemoteKey {
 public:
  FailingKey(StoreFaultsPtr faults, jose::Jwk jwk)
      : faults_(std::move(faults)), key_(jose::Key::local(std::move(jwk))) {}
  Task<Bytes> sign(jose::JwsAlg alg, Bytes input) const override {
    return pass_or_fail<Bytes>(faults_, sign_here(key_, alg, std::move(input)));
  }

 private:
  static Task<Bytes> sign_here(jose::KeyPtr key, jose::JwsAlg alg, Bytes input) {
    Bytes out(key->signature_size(alg));
    CO_TRY(key->sign(alg, input, out.data()));
    co_return out;
  }

  const StoreFaultsPtr faults_;
  const jose::KeyPtr key_;
};

/// A world whose store fails: it has a, b and c, and what each test maps of them.
struct FailingWorld : World {
  StoreFaultsPtr faults = std::make_shared<StoreFaults>();
  std::shared_ptr<FailingStore> failing = std::make_shared<FailingStore>(faults);
  std::unique_ptr<Keeper> instance = keeper();

  FailingWorld();
  ~FailingWorld();
  Status load(std::initializer_list<const char*> aliases);
  /// All of them are published for as long as is due, and the first one signs.
  void begin(std::initializer_list<const char*> aliases);
  std::vector<KeyId> served() { return kids(*instance); }
  KeyId signer() { return active(*instance); }
  /// The aliases that are mapped.
  std::vector<std::string> list();
  /// The store can be asked again, and is.
  void heal();
  /// What the journal calls published is served, what signs is active in it, and all that is
  /// remembered is a life that a key may have.
  void expect_sound();
};

/// What is done to a world, and what must hold after it.
struct KeeperOperation {
  const char* name;
  std::function<void(FailingWorld&)> prepare;
  std::function<Status(FailingWorld&)> act;
  std::function<void(FailingWorld&, signet::test::Ended)> check;
};

/// Each step begins with a world of its own, in which nothing of the steps before is left. After
/// each the world is sound and a failure is clear; the rest is the operation's to check.
void store_fault_loops(const KeeperOperation& row);

/// The list is the old or the new one, and the operation can be done again where it was not done.
void expect_old_or_new(FailingWorld& world, signet::test::Ended ended,
                       const std::vector<std::string>& before,
                       const std::vector<std::string>& after,
                       const std::function<Status(FailingWorld&)>& again);

}  // namespace signet::secrets::test
