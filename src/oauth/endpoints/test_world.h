#pragma once
// A whole server without sockets, for tests: a clock held by hand, storage in memory, keys in
// memory.

#include <functional>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "base/base64.h"
#include "oauth/client_secret.h"
#include "oauth/endpoints/router.h"
#include "secrets/stores/memory/memory_store.h"
#include "storage/catalog.h"
#include "support/matchers.h"

namespace signet::oauth::test {

/// One request and its answer.
class FakeExchange : public net::Exchange {
 public:
  FakeExchange(http::Method method, std::string path, std::map<std::string, std::string> headers,
               std::string body);
  FakeExchange(const FakeExchange&);
  ~FakeExchange() override;
  const http::Request& request() const override { return request_; }
  http::Response& response() override { return response_; }
  const http::Response& response() const { return response_; }
  void wait_for(Task<Done> task) override;
  json::Object json() const;
  std::string text(std::string_view member) const;
  bool flag(std::string_view member) const;
  int status() const { return outcome.ok() ? response_.status : 500; }

  int waits = 0;
  Result<Done> outcome{Done{}};

 private:
  std::string path_;
  std::map<std::string, std::string> headers_;
  std::string body_;
  http::Request request_;
  http::Response response_;
};

class World {
 public:
  /// `prepare` may add to stores and mappings before the keeper starts, or take from them.
  explicit World(const std::function<void(World&)>& prepare = {});
  ~World();

  void add_key(const std::string& alias, crypto::KeyKind kind, const std::string& id);
  void add_symmetric(const std::string& alias, std::size_t size, const std::string& id);
  void mapping(const std::string& id, std::vector<std::string> aliases);

  void start();

  void put(const std::string& kind, const std::string& realm, const std::string& id,
           const std::string& text);
  /// A realm that defines the scopes read and write, unless `more` names others.
  void realm(const std::string& name, const std::string& more = "");
  /// A client with the secret kSecret, scopes read and write, default read.
  void client(const std::string& id, const std::string& more = "",
              const std::string& realm_name = "root");

  FakeExchange post(const std::string& path, const std::string& body, const std::string& user = "",
                    const std::string& password = kSecret);
  FakeExchange get(const std::string& path, std::map<std::string, std::string> headers = {});
  std::string issue(const std::string& client_id, const std::string& more = "");
  bool is_active(const std::string& token, const std::string& caller);
  /// The aliases that the server's own mapping of the ID has now.
  std::vector<std::string> mapped(const std::string& id);

  static inline const std::string kSecret = "Zm9yLXRlc3RzLW9ubHktbm90LWEtcmVhbC1zZWNyZXQ";
  std::shared_ptr<ManualClock> clock;
  std::shared_ptr<Random> random;
  std::shared_ptr<storage::Storage> storage;
  std::shared_ptr<secrets::MemoryStore> store;
  std::map<std::string, std::vector<std::string>> mappings;
  secrets::KeeperOptions keeping;
  std::shared_ptr<secrets::Keeper> keeper;
  std::shared_ptr<Services> services;
  std::unique_ptr<Router> router;
};

/// What operators send to map an ID to these aliases of the store, used or not.
std::string mapping_body(const std::string& id, const std::vector<std::string>& aliases);

}  // namespace signet::oauth::test
