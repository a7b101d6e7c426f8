#include <utility>

#include "admin/test_resource_servers.h"

namespace signet::admin::test {

std::string jwks(const std::string& members) {
  return R"({"keys":[{)" + members + "}]}";
}
std::string shared_key(const std::string& kid, bool with_material) {
  return R"("kty":"oct","use":"enc","alg":"A128KW","kid":")" + kid + "\"" +
         (with_material ? R"(,"k":")" + kMaterial + "\"" : "");
}
std::string by_its_key(const std::string& set, const std::string& alg) {
  return R"({"access_token":{"encryption":"resource_server_key","key_encryption_algorithm":")" +
         alg + R"(","jwks":)" + set + "}}";
}

InterruptedStorage::InterruptedStorage(std::shared_ptr<storage::Storage> real)
    : real_(std::move(real)) {}
InterruptedStorage::~InterruptedStorage() = default;

Task<Done> InterruptedStorage::commit(storage::Transaction transaction) {
  if (meanwhile) std::exchange(meanwhile, nullptr)();
  return real_->commit(std::move(transaction));
}

ResourceServersTest::ResourceServersTest()
    : storage(std::make_shared<InterruptedStorage>(world.storage)) {
  world.services->storage = storage;
  world.realm("root", R"(,"scopes":["own","read","write"])");
  world.client("gateway");
}
ResourceServersTest::~ResourceServersTest() = default;

FakeExchange ResourceServersTest::put_server(const std::string& name, const std::string& body) {
  return put(kPath + "/" + name, body);
}
FakeExchange ResourceServersTest::put_policy(const std::string& name, const std::string& more) {
  return put("/admin/realms/root/inject-policies/" + name,
             R"({"client_id":"gateway")" + more + "}");
}
FakeExchange ResourceServersTest::erase(const std::string& path) {
  return call(http::Method::kDelete, path);
}

json::Value ResourceServersTest::shown(const std::string& name) {
  const json::Object answer = get(kPath + "/" + name).json();
  const json::Value* server = answer.find("resource_server");
  return server ? *server : json::Value();
}

bool ResourceServersTest::is_default(const std::string& name) {
  const json::Value server = shown(name);
  const json::Value* flag = server.get("default");
  return flag && *flag == json::Value(true);
}

std::vector<std::string> ResourceServersTest::names() {
  std::vector<std::string> out;
  const json::Object answer = get(kPath).json();
  for (const auto& item : *answer.find("resource_servers")->if_array())
    out.push_back(*item.get("resource_server")->get("name")->if_string());
  return out;
}

std::string ResourceServersTest::stored(const std::string& kind, const std::string& id) {
  const auto found = async::run_now(storage->document(kind, RealmName("root"), id));
  return found.ok() && *found ? (*found)->text : "";
}

std::string ResourceServersTest::journal() {
  return get("/admin/audit?limit=1000").response().body;
}

}  // namespace signet::admin::test
