#include "secrets/keeper/test_support.h"

#include <utility>

#include "support/matchers.h"

namespace signet::secrets::test {

FakeStore::FakeStore(const char* name, Ordering ordering) : name_(name), ordering_(ordering) {}
FakeStore::~FakeStore() = default;

Task<std::vector<Secret>> FakeStore::fetch(Alias alias) {
  ++fetches;
  if (outage) co_return *outage;
  if (broken.contains(alias.str())) co_return broken.at(alias.str());
  const auto found = secrets.find(alias.str());
  if (found == secrets.end()) co_return std::vector<Secret>();
  co_return found->second;
}

Task<std::vector<Alias>> FakeStore::aliases() {
  if (outage) co_return *outage;
  if (!can_list) co_return Error{Code::kUnsupported, "cannot_list", "no listing"};
  std::vector<Alias> out;
  for (const auto& [alias, list] : secrets)
    out.emplace_back(alias);
  co_return out;
}

Task<std::string> FakeStore::fingerprint() {
  if (outage) co_return *outage;
  co_return version == 0 ? "" : std::to_string(version);
}

Task<Done> FakeStore::probe() {
  if (outage) co_return *outage;
  co_return Done{};
}

void FakeStore::put(const char* alias, jose::Jwk jwk) {
  std::vector<Secret> list;
  list.push_back(Secret::of_key(std::move(jwk)));
  put(alias, std::move(list));
}
void FakeStore::put(const char* alias, std::vector<Secret> list) {
  secrets[alias] = std::move(list);
  ++version;
}
void FakeStore::drop(const char* alias) {
  secrets.erase(alias);
  ++version;
}

FaultyStorage::FaultyStorage(std::shared_ptr<storage::Storage> inner) : inner_(std::move(inner)) {}
FaultyStorage::~FaultyStorage() = default;

Task<Done> FaultyStorage::commit(storage::Transaction transaction) {
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

Task<std::optional<storage::Document>> FaultyStorage::document(std::string kind, RealmName realm,
                                                               std::string id) {
  if (read_fault) co_return *read_fault;
  co_return co_await inner_->document(kind, realm, id);
}

Task<std::vector<storage::Document>> FaultyStorage::documents(std::string kind, RealmName realm,
                                                              std::string after,
                                                              std::size_t limit) {
  if (read_fault) co_return *read_fault;
  co_return co_await inner_->documents(kind, realm, after, limit);
}

Task<std::vector<storage::KeyRecord>> FaultyStorage::keys(RealmName realm) {
  if (read_fault) co_return *read_fault;
  if (before_keys) {
    const auto once = std::exchange(before_keys, nullptr);
    once();
  }
  co_return co_await inner_->keys(realm);
}

const jose::Jwk& ec(int number) {
  static std::map<int, jose::Jwk> keys;
  auto found = keys.find(number);
  if (found == keys.end()) found = keys.emplace(number, make_key(crypto::KeyKind::kEcP256)).first;
  return found->second;
}
KeyId kid(int number) {
  return KeyId(ec(number).thumbprint());
}

Mapping mapped(const SecretId& id, std::initializer_list<const char*> aliases) {
  Mapping mapping;
  mapping.id = id;
  for (const char* alias : aliases)
    mapping.aliases.emplace_back(alias);
  return mapping;
}

World::World()
    : clock(std::make_shared<ManualClock>()),
      storage(std::make_shared<FaultyStorage>(storage::memory::open(*clock))),
      store(std::make_shared<FakeStore>("ks", Ordering::kByMapping)) {
  store->put("a", ec(1));
  store->put("b", ec(2));
  store->put("c", ec(3));
  store->put("rsa", rsa());
  store->put("hmac", oct(64));
}
World::~World() = default;

std::unique_ptr<Keeper> World::keeper() {
  return std::make_unique<Keeper>(storage, clock, options);
}

Status World::configure(Keeper& keeper, std::vector<ConfiguredStore> stores) {
  return async::run_now(keeper.configure(std::move(stores)));
}

std::unique_ptr<Keeper> World::start(std::initializer_list<const char*> aliases) {
  auto made = keeper();
  EXPECT_THAT(map(*made, aliases), signet::test::is_ok());
  return made;
}

Status World::map(Keeper& keeper, std::initializer_list<const char*> aliases) {
  return configure(keeper, {{store, kGlobal, {mapped(kEs256, aliases)}}});
}

Status World::refresh(Keeper& keeper) {
  return async::run_now(keeper.refresh());
}

std::shared_ptr<const LiveRing> World::ring(Keeper& keeper, const SecretId& id,
                                            const RealmName& realm) {
  const auto rings = async::run_now(keeper.rings(realm));
  return rings.ok() ? (*rings)->share(id) : nullptr;
}

std::vector<KeyId> World::kids(Keeper& keeper, const SecretId& id, const RealmName& realm) {
  std::vector<KeyId> out;
  if (const auto live = ring(keeper, id, realm)) {
    for (const auto& secret : live->ring->valid())
      out.push_back(secret.kid);
  }
  return out;
}

KeyId World::active(Keeper& keeper, const SecretId& id, const RealmName& realm) {
  const auto live = ring(keeper, id, realm);
  return live && live->can_sign ? live->ring->active().kid : KeyId();
}

Status World::issue(Keeper& keeper, Seconds lifetime) {
  return async::run_now(keeper.raise_horizon(ring(keeper), clock->now() + lifetime));
}

Keeper::StepRequest World::step(const char* alias, bool force) const {
  Keeper::StepRequest request;
  request.store = StoreName("ks");
  request.id = kEs256;
  request.alias = Alias(alias);
  request.force = force;
  request.actor = "operator";
  return request;
}

std::vector<storage::AuditEvent> World::audit() {
  return async::run_now(storage->audit(0, 1000)).value();
}

std::vector<std::string> World::events() {
  std::vector<std::string> out;
  for (const auto& event : audit())
    out.push_back(event.event);
  return out;
}

std::optional<storage::KeyRecord> World::record(const KeyId& wanted, const RealmName& realm) {
  const auto keys = async::run_now(storage->keys(realm));
  for (const auto& key : *keys) {
    if (key.kid == wanted) return key;
  }
  return std::nullopt;
}

}  // namespace signet::secrets::test
