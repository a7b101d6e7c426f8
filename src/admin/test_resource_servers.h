#pragma once
// Resource servers and inject policies of the realm "root" through the admin API, for tests.

#include <functional>

#include "admin/test_admin.h"
#include "storage/forwarding_storage.h"

namespace signet::admin::test {

/// Of the resource servers of the realm "root".
inline const std::string kPath = "/admin/realms/root/resource-servers";
/// A symmetric key of 128 bits, in base64url.
inline const std::string kMaterial = "Vlbwxl5hbCOLMwupPc2hDw";

/// A set of one key with these members.
std::string jwks(const std::string& members);
/// The members of a key for A128KW.
std::string shared_key(const std::string& kid = "a", bool with_material = true);
/// A resource server whose tokens are encrypted with a key of its own.
std::string by_its_key(const std::string& set, const std::string& alg = "A128KW");

/// Something happens just before the next commit.
class InterruptedStorage : public storage::ForwardingStorage {
 public:
  explicit InterruptedStorage(std::shared_ptr<storage::Storage> real);
  ~InterruptedStorage() override;
  Task<Done> commit(storage::Transaction transaction) override;

  std::function<void()> meanwhile;

 private:
  storage::Storage& next() override { return *real_; }
  std::shared_ptr<storage::Storage> real_;
};

/// The realm "root" with the client "gateway" and the scopes own, read and write.
class ResourceServersTest : public AdminApiTest {
 protected:
  ResourceServersTest();
  ~ResourceServersTest() override;
  FakeExchange put_server(const std::string& name, const std::string& body = "{}");
  FakeExchange put_policy(const std::string& name, const std::string& more);
  FakeExchange erase(const std::string& path);
  /// As GET shows it; null if there is none.
  json::Value shown(const std::string& name);
  bool is_default(const std::string& name);
  /// In the order of the list.
  std::vector<std::string> names();
  /// The text of a document; empty if there is none.
  std::string stored(const std::string& kind, const std::string& id);
  std::string journal();

  std::shared_ptr<InterruptedStorage> storage;
};

}  // namespace signet::admin::test
