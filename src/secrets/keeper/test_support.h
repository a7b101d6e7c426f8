#pragma once
// A scripted store and a little server of keepers over one storage, for the tests of this room.

#include <map>
#include <mutex>

#include "secrets/keeper/keeper.h"
#include "secrets/test_keys.h"
#include "storage/memory/memory_storage.h"

namespace signet::secrets::test {

/// Answers what the test says. `outage` set: every call fails with it.
class FakeStore : public Store {
 public:
  FakeStore(const char* name, Ordering ordering) : name_(name), ordering_(ordering) {}

  const StoreName& name() const override { return name_; }
  Ordering ordering() const override { return ordering_; }
  Task<std::vector<Secret>> fetch(Alias alias) override {
    ++fetches;
    if (outage) co_return *outage;
    if (broken.contains(alias.str())) co_return broken.at(alias.str());
    const auto found = secrets.find(alias.str());
    if (found == secrets.end()) co_return std::vector<Secret>();
    co_return found->second;
  }
  Task<std::vector<Alias>> aliases() override {
    if (outage) co_return *outage;
    if (!can_list) co_return Error{Code::kUnsupported, "cannot_list", "no listing"};
    std::vector<Alias> out;
    for (const auto& [alias, list] : secrets)
      out.emplace_back(alias);
    co_return out;
  }
  Task<std::string> fingerprint() override {
    if (outage) co_return *outage;
    co_return version == 0 ? "" : std::to_string(version);
  }
  Task<Done> probe() override {
    if (outage) co_return *outage;
    co_return Done{};
  }

  /// Adds or replaces; also moves the fingerprint on.
  void put(const char* alias, jose::Jwk jwk) {
    std::vector<Secret> list;
    list.push_back(Secret::of_key(std::move(jwk)));
    put(alias, std::move(list));
  }
  void put(const char* alias, std::vector<Secret> list) {
    secrets[alias] = std::move(list);
    ++version;
  }
  void drop(const char* alias) {
    secrets.erase(alias);
    ++version;
  }

  std::map<std::string, std::vector<Secret>> secrets;
  std::map<std::string, Error> broken;
  std::optional<Error> outage;
  bool can_list = true;
  int version = 1;
  int fetches = 0;

 private:
  StoreName name_;
  Ordering ordering_;
};

/// Passes everything on, and fails or interrupts where the test says.
class FaultyStorage : public storage::Storage {
 public:
  explicit FaultyStorage(std::shared_ptr<storage::Storage> inner) : inner_(std::move(inner)) {}

  Task<Done> commit(storage::Transaction transaction) override {
    ++commits;
    if (before_commit) {
      const auto once = std::exchange(before_commit, nullptr);
      once();
    }
    if (fault) co_return *fault;
    if (on_commit) {
      if (const auto refused = on_commit(transaction)) co_return *refused;
    }
    co_return co_await inner_->commit(std::move(transaction));
  }
  Task<std::optional<storage::Document>> document(std::string kind, RealmName realm,
                                                  std::string id) override {
    if (read_fault) co_return *read_fault;
    co_return co_await inner_->document(kind, realm, id);
  }
  Task<std::vector<storage::Document>> documents(std::string kind, RealmName realm,
                                                 std::string after, std::size_t limit) override {
    if (read_fault) co_return *read_fault;
    co_return co_await inner_->documents(kind, realm, after, limit);
  }
  Task<std::int64_t> count_documents(std::string kind, RealmName realm) override {
    co_return co_await inner_->count_documents(kind, realm);
  }
  Task<std::vector<storage::DocumentChange>> changes_since(std::int64_t sequence,
                                                           std::size_t limit) override {
    co_return co_await inner_->changes_since(sequence, limit);
  }
  Task<std::int64_t> last_change() override { co_return co_await inner_->last_change(); }
  Task<std::optional<storage::TokenRecord>> token(Bytes hash) override {
    co_return co_await inner_->token(hash);
  }
  Task<bool> is_denied(RealmName realm, Bytes id_hash) override {
    co_return co_await inner_->is_denied(realm, id_hash);
  }
  Task<std::vector<storage::DeniedToken>> denials_since(std::int64_t after_row, std::size_t limit,
                                                        std::int64_t* last_row) override {
    co_return co_await inner_->denials_since(after_row, limit, last_row);
  }
  Task<std::vector<storage::KeyRecord>> keys(RealmName realm) override {
    if (read_fault) co_return *read_fault;
    if (before_keys) {
      const auto once = std::exchange(before_keys, nullptr);
      once();
    }
    co_return co_await inner_->keys(realm);
  }
  Task<std::vector<storage::AuditEvent>> audit(std::int64_t after, std::size_t limit) override {
    co_return co_await inner_->audit(after, limit);
  }
  Task<Done> ping() override { co_return co_await inner_->ping(); }

  std::optional<Error> fault, read_fault;
  std::function<void()> before_commit;  ///< called once, before the next commit
  std::function<void()> before_keys;    ///< called once, before journals are read next
  /// Called before each commit; what it returns is the answer.
  std::function<std::optional<Error>(const storage::Transaction&)> on_commit;
  std::atomic<int> commits = 0;

 private:
  std::shared_ptr<storage::Storage> inner_;
};

inline const SecretId kEs256 = SecretId::literal("am.services.oauth2.oidc.signing.ES256");
inline const SecretId kHmac = SecretId::literal("am.services.oauth2.stateless.signing.HMAC");
inline const SecretId kDecrypt = SecretId::literal("am.services.oauth2.oidc.decryption.RSA.OAEP");
inline const RealmName kGlobal;
inline const RealmName kAlpha("alpha");
inline const RealmName kBeta("beta");

/// P-256 keys by number, the same in the whole program.
inline const jose::Jwk& ec(int number) {
  static std::map<int, jose::Jwk> keys;
  auto found = keys.find(number);
  if (found == keys.end()) found = keys.emplace(number, make_key(crypto::KeyKind::kEcP256)).first;
  return found->second;
}
inline KeyId kid(int number) {
  return KeyId(ec(number).thumbprint());
}

inline Mapping mapped(const SecretId& id, std::initializer_list<const char*> aliases) {
  Mapping mapping;
  mapping.id = id;
  for (const char* alias : aliases)
    mapping.aliases.emplace_back(alias);
  return mapping;
}

/// One storage, one store "ks" with the keys a, b, c (1, 2, 3), and keepers over them.
struct World {
  std::shared_ptr<ManualClock> clock = std::make_shared<ManualClock>();
  std::shared_ptr<FaultyStorage> storage =
      std::make_shared<FaultyStorage>(storage::memory::open(*clock));
  std::shared_ptr<FakeStore> store = std::make_shared<FakeStore>("ks", Ordering::kByMapping);
  KeeperOptions options;

  World() {
    store->put("a", ec(1));
    store->put("b", ec(2));
    store->put("c", ec(3));
    store->put("rsa", rsa());
    store->put("hmac", oct(64));
  }

  std::unique_ptr<Keeper> keeper() { return std::make_unique<Keeper>(storage, clock, options); }

  static Status configure(Keeper& keeper, std::vector<ConfiguredStore> stores) {
    return async::run_now(keeper.configure(std::move(stores)));
  }
  /// A keeper whose global store maps ES256 to these aliases.
  std::unique_ptr<Keeper> start(std::initializer_list<const char*> aliases) {
    auto made = keeper();
    const Status configured = map(*made, aliases);
    EXPECT_TRUE(configured.ok()) << configured.error().detail;
    return made;
  }
  Status map(Keeper& keeper, std::initializer_list<const char*> aliases) {
    return configure(keeper, {{store, kGlobal, {mapped(kEs256, aliases)}}});
  }

  static Status refresh(Keeper& keeper) { return async::run_now(keeper.refresh()); }
  /// Null if the ID has no ring.
  static std::shared_ptr<const LiveRing> ring(Keeper& keeper, const SecretId& id = kEs256,
                                              const RealmName& realm = kGlobal) {
    const auto rings = async::run_now(keeper.rings(realm));
    if (!rings.ok()) return nullptr;
    for (const auto& one : (*rings)->all()) {
      if (one->id == id) return one;
    }
    return nullptr;
  }
  static std::vector<KeyId> kids(Keeper& keeper, const SecretId& id = kEs256,
                                 const RealmName& realm = kGlobal) {
    std::vector<KeyId> out;
    if (const auto live = ring(keeper, id, realm)) {
      for (const auto& secret : live->ring->valid())
        out.push_back(secret.kid);
    }
    return out;
  }
  static KeyId active(Keeper& keeper, const SecretId& id = kEs256,
                      const RealmName& realm = kGlobal) {
    const auto live = ring(keeper, id, realm);
    return live && live->can_sign ? live->ring->active().kid : KeyId();
  }
  Status issue(Keeper& keeper, Seconds lifetime) {
    return async::run_now(keeper.raise_horizon(ring(keeper), clock->now() + lifetime));
  }
  Keeper::StepRequest step(const char* alias, bool force = false) const {
    Keeper::StepRequest request;
    request.store = StoreName("ks");
    request.id = kEs256;
    request.alias = Alias(alias);
    request.force = force;
    request.actor = "operator";
    return request;
  }
  std::vector<std::string> events() {
    std::vector<std::string> out;
    const auto audit = async::run_now(storage->audit(0, 1000));
    for (const auto& event : *audit)
      out.push_back(event.event);
    return out;
  }
  std::optional<storage::KeyRecord> record(const KeyId& wanted, const RealmName& realm = kGlobal) {
    const auto keys = async::run_now(storage->keys(realm));
    for (const auto& key : *keys) {
      if (key.kid == wanted) return key;
    }
    return std::nullopt;
  }
};

}  // namespace signet::secrets::test
