#pragma once
// Clients of every authentication method, and requests that present each, for tests.

#include <string>

#include "oauth/client_authentication.h"
#include "oauth/endpoints/test_world.h"

namespace signet::oauth::test {

inline const char* const kMethods[] = {"none", "client_secret_basic", "client_secret_post",
                                       "client_secret_jwt", "private_key_jwt"};
struct Endpoint {
  const char* name;
  const char* path;  ///< under the realm's
};
inline const Endpoint kEndpoints[] = {
    {"token", "/access_token"}, {"introspect", "/introspect"}, {"revoke", "/token/revoke"}};

std::string realm_path(const std::string& realm);

/// The claims of a good client assertion for a realm.
json::Object assertion_claims(const World& world, const std::string& client,
                              const std::string& realm = "root");
jose::KeyPtr secret_key(const std::string& secret = World::kSecret);
std::string assertion_form(const std::string& assertion);

/// The key pair of a client, and the document that registers it for a method.
class KeyedClients {
 public:
  KeyedClients();

  const jose::KeyPtr& key() const { return key_; }

  /// Puts a client of this method, with a secret and a key where it may have them.
  void put(World& world, const std::string& id, const std::string& method,
           const std::string& more = "", const std::string& realm = "root",
           const std::string& secret = World::kSecret) const;

  /// Sends `body` to the endpoint as this client, proven the way that `presented` names.
  FakeExchange send(World& world, const std::string& path, const std::string& body,
                    const std::string& id, const std::string& presented,
                    const std::string& realm = "root") const;

 private:
  crypto::PrivateKey pair_;
  jose::KeyPtr key_;
};

}  // namespace signet::oauth::test
