#include "admin/test_admin.h"
#include "crypto/digest.h"

namespace signet::admin::test {

std::shared_ptr<const secrets::EncodingKeys> sealing_keys(const std::vector<std::string>& names) {
  std::vector<secrets::EncodingKeys::Key> keys;
  for (const auto& name : names) {
    const auto master = crypto::digest(crypto::Hash::kSha256, as_bytes(name));
    keys.push_back({name, SecretBytes(master)});
  }
  return secrets::EncodingKeys::make(std::move(keys)).value();
}

AdminApiTest::AdminApiTest() {
  services = std::make_shared<AdminServices>();
  services->oauth = world.services;
  services->directory = &world.router->directory();
  services->token_hash = crypto::digest(crypto::Hash::kSha256, as_bytes("admin-token"));
  services->seal = [](ByteView secret) -> Result<std::string> { return "SGN1." + to_text(secret); };
  services->encoding = sealing_keys({"k1"});
  services->stores = {{"memory", "memory", RealmName()}};
  services->is_ready = [] { return true; };
}
AdminApiTest::~AdminApiTest() = default;

FakeExchange AdminApiTest::call(http::Method method, const std::string& path,
                                const std::string& body, std::map<std::string, std::string> headers,
                                const std::string& token) {
  if (!token.empty()) headers["Authorization"] = "Bearer " + token;
  std::string query;
  std::string plain = path;
  if (const auto at = path.find('?'); at != path.npos) {
    plain = path.substr(0, at);
    query = path.substr(at + 1);
  }
  FakeExchange exchange(method, plain, std::move(headers), body);
  const_cast<http::Request&>(exchange.request()).query = query;
  AdminApi(services).handle(exchange);
  return exchange;
}
FakeExchange AdminApiTest::get(const std::string& path) {
  return call(http::Method::kGet, path);
}
FakeExchange AdminApiTest::put(const std::string& path, const std::string& body,
                               std::map<std::string, std::string> headers) {
  return call(http::Method::kPut, path, body, std::move(headers));
}
FakeExchange AdminApiTest::post(const std::string& path, const std::string& body) {
  return call(http::Method::kPost, path, body);
}
void AdminApiTest::add_rsa_key() {
  world.store->put(Alias("rsa2"),
                   {secrets::Secret::of_key(jose::Jwk::from_private(
                       *crypto::PrivateKey::generate(crypto::KeyKind::kRsa, 2048)))});
}

}  // namespace signet::admin::test
