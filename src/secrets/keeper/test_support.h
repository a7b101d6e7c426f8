#pragma once
// A scripted store and a little server of keepers over one storage, for the tests of this room.

#include <atomic>
#include <functional>
#include <initializer_list>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "secrets/keeper/keeper.h"
#include "secrets/test_keys.h"
#include "storage/forwarding_storage.h"
#include "storage/memory/memory_storage.h"
#include "support/matchers.h"

namespace signet::secrets::test {

using signet::test::fails;
using signet::test::fails_with_code;
using signet::test::is_ok;

/// Answers what the test says. `outage` set: every call fails with it.
class FakeStore : public Store {
 public:
  FakeStore(const char* name, Ordering ordering);
  ~FakeStore() override;

  const StoreName& name() const override { return name_; }
  Ordering ordering() const override { return ordering_; }
  Task<std::vector<Secret>> fetch(Alias alias) override;
  Task<std::vector<Alias>> aliases() override;
  Task<std::string> fingerprint() override;
  Task<Done> probe() override;
  std::vector<std::string> warnings() const override { return said; }

  /// Adds or replaces; also moves the fingerprint on.
  void put(const char* alias, jose::Jwk jwk);
  void put(const char* alias, std::vector<Secret> list);
  void drop(const char* alias);

  std::map<std::string, std::vector<Secret>> secrets;
  std::map<std::string, Error> broken;
  std::optional<Error> outage;
  std::vector<std::string> said;  ///< its warnings
  bool can_list = true;
  int version = 1;
  int fetches = 0;

 private:
  StoreName name_;
  Ordering ordering_;
};

/// Passes everything on, and fails or interrupts where the test says.
class FaultyStorage : public storage::ForwardingStorage {
 public:
  explicit FaultyStorage(std::shared_ptr<storage::Storage> inner);
  ~FaultyStorage() override;

  Task<Done> commit(storage::Transaction transaction) override;
  Task<std::optional<storage::Document>> document(std::string kind, RealmName realm,
                                                  std::string id) override;
  Task<std::vector<storage::Document>> documents(std::string kind, RealmName realm,
                                                 std::string after, std::size_t limit) override;
  Task<std::vector<storage::KeyRecord>> keys(RealmName realm) override;

  std::optional<Error> fault, read_fault;
  std::function<void()> before_commit;  ///< called once, before the next commit
  std::function<void()> before_keys;    ///< called once, before journals are read next
  /// Called before each commit; what it returns is the answer.
  std::function<std::optional<Error>(const storage::Transaction&)> on_commit;
  std::atomic<int> commits = 0;

 private:
  storage::Storage& next() override { return *inner_; }
  std::shared_ptr<storage::Storage> inner_;
};

inline const SecretId kEs256 = SecretId::literal("am.services.oauth2.oidc.signing.ES256");
inline const SecretId kHmac = SecretId::literal("am.services.oauth2.stateless.signing.HMAC");
inline const SecretId kDecrypt = SecretId::literal("am.services.oauth2.oidc.decryption.RSA.OAEP");
inline const RealmName kGlobal;
inline const RealmName kAlpha("alpha");
inline const RealmName kBeta("beta");

/// P-256 keys by number, the same in the whole program.
const jose::Jwk& ec(int number);
KeyId kid(int number);

Mapping mapped(const SecretId& id, std::initializer_list<const char*> aliases);

/// One storage, one store "ks" with the keys a, b, c (1, 2, 3), and keepers over them.
struct World {
  std::shared_ptr<ManualClock> clock;
  std::shared_ptr<FaultyStorage> storage;
  std::shared_ptr<FakeStore> store;
  KeeperOptions options;

  World();
  ~World();

  std::unique_ptr<Keeper> keeper();
  static Status configure(Keeper& keeper, std::vector<ConfiguredStore> stores);
  /// A keeper whose global store maps ES256 to these aliases.
  std::unique_ptr<Keeper> start(std::initializer_list<const char*> aliases);
  Status map(Keeper& keeper, std::initializer_list<const char*> aliases);

  static Status refresh(Keeper& keeper);
  /// Null if the ID has no ring.
  static std::shared_ptr<const LiveRing> ring(Keeper& keeper, const SecretId& id = kEs256,
                                              const RealmName& realm = kGlobal);
  static std::vector<KeyId> kids(Keeper& keeper, const SecretId& id = kEs256,
                                 const RealmName& realm = kGlobal);
  static KeyId active(Keeper& keeper, const SecretId& id = kEs256,
                      const RealmName& realm = kGlobal);
  Status issue(Keeper& keeper, Seconds lifetime);
  Keeper::StepRequest step(const char* alias, bool force = false) const;
  std::vector<storage::AuditEvent> audit();
  std::vector<std::string> events();  ///< the names of what was audited
  std::optional<storage::KeyRecord> record(const KeyId& wanted, const RealmName& realm = kGlobal);
};

}  // namespace signet::secrets::test
