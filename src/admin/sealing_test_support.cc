#include <algorithm>

#include "admin/sealing_keys.h"
#include "admin/test_sealing.h"
#include "secrets/keeper/kinds.h"

namespace signet::admin::test {

using signet::test::is_ok;

FailingStorage::FailingStorage(std::shared_ptr<storage::Storage> real) : real_(std::move(real)) {}
FailingStorage::~FailingStorage() = default;

Task<Done> FailingStorage::commit(storage::Transaction transaction) {
  if (meanwhile) std::exchange(meanwhile, nullptr)();
  ++commits;
  if (fails_at == 0 || commits < fails_at) co_return co_await real_->commit(std::move(transaction));
  if (is_lost && commits == fails_at) CO_TRY(co_await real_->commit(std::move(transaction)));
  co_return Error{Code::kUnavailable, "storage_unavailable", "it is gone"};
}

Task<std::vector<storage::Document>> FailingStorage::documents(std::string kind, RealmName realm,
                                                               std::string after,
                                                               std::size_t limit) {
  if (kind == "client") ++pages;
  return real_->documents(std::move(kind), std::move(realm), std::move(after), limit);
}

SealingTest::SealingTest() {
  world.keeping.instance.id = "self";
  world.start();
  services->oauth = world.services;
  services->directory = &world.router->directory();
  open("memory:");
}
SealingTest::~SealingTest() = default;

void SealingTest::open(const std::string& url) {
  auto opened = storage::open(url, *world.clock);
  ASSERT_THAT(opened, is_ok());
  storage = std::make_shared<FailingStorage>(*opened);
  world.services->storage = storage;
  use_keys({"k1"});
  ASSERT_EQ(put("/admin/realms/root", "{}").status(), 201);
}

void SealingTest::use_keys(const std::vector<std::string>& names) {
  services->encoding = sealing_keys(names);
  const auto keys = services->encoding;
  world.services->unseal = [keys](std::string_view sealed) { return keys->decode(sealed); };
  world.services->seal = [keys, random = world.random](ByteView secret) {
    return keys->encode(secret, *random);
  };
  services->seal = world.services->seal;
}

Result<Done> SealingTest::start(const std::vector<std::string>& names,
                                std::vector<std::string> lost) {
  use_keys(names);
  storage->pages = 0;
  return async::run_now(
      check_sealing_keys(storage, services->encoding, std::move(lost), world.clock->now()));
}

std::vector<std::string> SealingTest::registered() {
  const auto keys = async::run_now(registered_sealing_keys(storage));
  std::vector<std::string> names;
  for (const auto& key : *keys)
    names.push_back(key.name);
  std::sort(names.begin(), names.end());
  return names;
}

std::string SealingTest::secret_number(int number) {
  return "the secret of the client with the number " + std::to_string(number);
}

void SealingTest::add_clients(int count) {
  storage::Transaction transaction;
  for (int i = 1; i <= count; ++i) {
    const std::string id = "c" + std::to_string(i);
    json::Object document;
    document.set("client_id", id);
    document.set("token_endpoint_auth_method", "client_secret_jwt");
    document.set("stored_secret", *services->seal(as_bytes(secret_number(i))));
    storage::PutDocument put;
    put.document = {"client", RealmName("root"), id, json::dump(document), 0};
    transaction.emplace_back(std::move(put));
  }
  ASSERT_THAT(async::run_now(storage->commit(std::move(transaction))), is_ok());
}

void SealingTest::add_resource_servers() {
  const std::string direct =
      R"("kty":"oct","kid":"d","k":")" + kMaterial + kMaterial.substr(0, 20) + "w\"";
  const auto shared = put(kPath + "/shared", by_its_key(jwks(shared_key())));
  ASSERT_EQ(shared.status(), 201) << shared.response().body;
  const auto by_dir = put(kPath + "/direct", by_its_key(jwks(direct), "dir"));
  ASSERT_EQ(by_dir.status(), 201) << by_dir.response().body;
}

std::string SealingTest::secret_of(const std::string& client,
                                   const std::vector<std::string>& keys) {
  const auto found = async::run_now(storage->document("client", RealmName("root"), client));
  EXPECT_TRUE(found.ok() && *found) << client;
  const auto document = json::parse_object((*found)->text);
  const json::Value* sealed = document->find("stored_secret");
  const auto plain = sealing_keys(keys)->decode(*sealed->if_string());
  return plain.ok() ? to_text(plain->view()) : "";
}

std::size_t SealingTest::open_with(const std::vector<std::string>& names) {
  const auto keys = sealing_keys(names);
  SealedDocuments all(storage, world.clock->now());
  std::size_t count = 0;
  while (true) {
    const auto page = async::run_now(all.next());
    EXPECT_THAT(page, is_ok());
    if (!page.ok() || !*page) return count;
    for (const auto& found : **page)
      count += keys->decode(found.text).ok() ? 1 : 0;
  }
}

std::size_t SealingTest::values() {
  std::size_t count = 0;
  const auto survey = async::run_now(survey_sealed_values(storage, world.clock->now()));
  EXPECT_THAT(survey, is_ok());
  for (const auto& [id, of_key] : survey->by_key)
    count += of_key.count;
  return count;
}

FakeExchange SealingTest::renew(const std::string& body) {
  return post("/admin/sealing", body);
}
json::Object SealingTest::status() {
  return get("/admin/sealing").json();
}

json::Value SealingTest::of_key(const json::Object& answer, const std::string& name) {
  for (const auto& key : *answer.find("keys")->if_array()) {
    if (*key.get("name") == json::Value(name)) return key;
  }
  return {};
}
std::int64_t SealingTest::number(const json::Object& answer, std::string_view member) {
  const json::Value* value = answer.find(member);
  return value ? value->if_int().value_or(-1) : -1;
}

void SealingTest::neighbour_has(const std::string& keys) {
  const std::string more = keys.empty() ? "" : R"(,"sealing_keys":[)" + keys + "]";
  world.put(secrets::kInstanceKind, "", "other",
            R"({"address":"other:8080","interval":10)" + more + "}");
  EXPECT_THAT(async::run_now(world.keeper->refresh()), is_ok());
  world.clock->advance(Seconds(10));
}

int SealingTest::renewals() {
  int count = 0;
  const auto events = async::run_now(storage->audit(0, 1000));
  for (const auto& event : *events)
    count += event.event == "sealed_values.renewed" ? 1 : 0;
  return count;
}

}  // namespace signet::admin::test
