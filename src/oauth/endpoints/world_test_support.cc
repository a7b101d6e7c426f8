#include "oauth/endpoints/test_world.h"

namespace signet::oauth::test {

FakeExchange::FakeExchange(http::Method method, std::string path,
                           std::map<std::string, std::string> headers, std::string body)
    : path_(std::move(path)), headers_(std::move(headers)), body_(std::move(body)) {
  request_.method = method;
  request_.target = request_.path = path_;
  request_.body = body_;
  request_.peer = "127.0.0.1";
  request_.request_id = "test";
  for (const auto& [name, value] : headers_)
    request_.headers.push_back({name, value});
}
FakeExchange::FakeExchange(const FakeExchange&) = default;
FakeExchange::~FakeExchange() = default;

void FakeExchange::wait_for(Task<Done> task) {
  ++waits;
  outcome = async::run_now(std::move(task));
}
json::Object FakeExchange::json() const {
  auto parsed = json::parse_object(response_.body);
  return parsed.ok() ? *parsed : json::Object();
}
std::string FakeExchange::text(std::string_view member) const {
  const json::Object object = json();
  const json::Value* value = object.find(member);
  return value && value->if_string() ? *value->if_string() : "";
}
bool FakeExchange::flag(std::string_view member) const {
  const json::Object object = json();
  const json::Value* value = object.find(member);
  return value && value->if_bool() && *value->if_bool();
}

World::World(const std::function<void(World&)>& prepare) {
  clock = std::make_shared<ManualClock>();
  random = std::make_shared<SystemRandom>();
  storage = *storage::open("memory:", *clock);
  store = std::make_shared<secrets::MemoryStore>(StoreName("memory"));
  add_key("rsa", crypto::KeyKind::kRsa, "am.services.oauth2.stateless.signing.RSA");
  add_key("ec256", crypto::KeyKind::kEcP256, "am.services.oauth2.stateless.signing.ES256");
  add_key("ed", crypto::KeyKind::kEd25519, "am.services.oauth2.oidc.signing.EDDSA");
  add_symmetric("hmac", 64, "am.services.oauth2.stateless.signing.HMAC");
  add_symmetric("aes", 32, "am.services.oauth2.stateless.token.encryption");
  if (prepare) prepare(*this);
  start();
}
World::~World() = default;

void World::add_key(const std::string& alias, crypto::KeyKind kind, const std::string& id) {
  const auto key = crypto::PrivateKey::generate(kind, kind == crypto::KeyKind::kRsa ? 2048 : 0);
  store->put(Alias(alias), {secrets::Secret::of_key(jose::Jwk::from_private(*key))});
  mapping(id, {alias});
}
void World::add_symmetric(const std::string& alias, std::size_t size, const std::string& id) {
  SecretBytes bytes(size);
  random->fill(bytes.span());
  store->put(Alias(alias), {secrets::Secret::of_key(jose::Jwk::from_symmetric(std::move(bytes)))});
  mapping(id, {alias});
}
void World::mapping(const std::string& id, std::vector<std::string> aliases) {
  mappings[id] = std::move(aliases);
}

void World::start() {
  keeper = std::make_shared<secrets::Keeper>(storage, clock, keeping);
  secrets::ConfiguredStore configured;
  configured.store = store;
  for (const auto& [id, aliases] : mappings) {
    std::vector<Alias> list;
    for (const auto& alias : aliases)
      list.emplace_back(alias);
    configured.mappings.push_back(
        *secrets::Mapping::make(secrets::SecretId::literal(id), list, false));
  }
  EXPECT_THAT(async::run_now(keeper->configure({configured})), signet::test::is_ok());
  services = std::make_shared<Services>();
  services->clock = clock;
  services->random = random;
  services->storage = storage;
  services->keeper = keeper;
  services->hashing = std::make_shared<async::BlockingPool>("hashing", 1, 8);
  services->denied = std::make_shared<DenyList>();
  services->changes = std::make_shared<ChangeFeed>();
  services->metrics = std::make_shared<net::Metrics>();
  services->counters = Counters::in(*services->metrics);
  services->public_url = "https://as.example";
  services->unseal = [](std::string_view sealed) -> Result<SecretBytes> {
    return SecretBytes::from_text(sealed.substr(5));
  };
  services->seal = [](ByteView secret) -> Result<std::string> { return "SGN1." + to_text(secret); };
  EXPECT_THAT(async::run_now(services->denied->load(*storage)), signet::test::is_ok());
  router = std::make_unique<Router>(services, 1);
}

void World::put(const std::string& kind, const std::string& realm, const std::string& id,
                const std::string& text) {
  storage::Transaction transaction;
  storage::PutDocument put;
  put.document = {kind, RealmName(realm), id, text, 0};
  transaction.emplace_back(std::move(put));
  EXPECT_THAT(async::run_now(storage->commit(std::move(transaction))), signet::test::is_ok());
  if (kind == "realm") router->directory().forget(RealmName(id));
  services->changes->publish({kind, RealmName(kind == "realm" ? id : realm), id});
}
void World::realm(const std::string& name, const std::string& more) {
  const bool has_scopes = more.find("\"scopes\"") != more.npos;
  const std::string scopes = has_scopes ? "" : R"(,"scopes":["read","write"])";
  put("realm", "", name, "{\"name\":\"" + name + "\"" + scopes + more + "}");
}
void World::client(const std::string& id, const std::string& more, const std::string& realm_name) {
  const std::string base = "\"client_id\":\"" + id + "\",\"stored_secret\":\"" +
                           hash_fast(kSecret, *random) +
                           "\",\"scopes\":[\"read\",\"write\"],\"default_scopes\":[\"read\"]";
  put("client", realm_name, id, "{" + base + more + "}");
}

FakeExchange World::post(const std::string& path, const std::string& body, const std::string& user,
                         const std::string& password) {
  std::map<std::string, std::string> headers{{"Content-Type", "application/x-www-form-urlencoded"}};
  if (!user.empty())
    headers["Authorization"] = "Basic " + base64::encode(as_bytes(user + ":" + password));
  FakeExchange exchange(http::Method::kPost, path, headers, body);
  router->handle(exchange);
  return exchange;
}
FakeExchange World::get(const std::string& path, std::map<std::string, std::string> headers) {
  FakeExchange exchange(http::Method::kGet, path, std::move(headers), "");
  router->handle(exchange);
  return exchange;
}
std::string World::issue(const std::string& client_id, const std::string& more) {
  return post("/oauth2/access_token", "grant_type=client_credentials" + more, client_id)
      .text("access_token");
}
bool World::is_active(const std::string& token, const std::string& caller) {
  return post("/oauth2/introspect", "token=" + token, caller).flag("active");
}

std::vector<std::string> World::mapped(const std::string& id) {
  std::vector<std::string> out;
  const auto all = async::run_now(keeper->mappings(RealmName(), StoreName("memory")));
  for (const auto& mapping : *all) {
    if (mapping.id.str() != id) continue;
    for (const auto& alias : mapping.aliases)
      out.push_back(alias.str());
  }
  return out;
}

std::string mapping_body(const std::string& id, const std::vector<std::string>& aliases) {
  std::string body = R"({"store":"memory","force":true,"secretId":")";
  body.append(id).append(R"(","aliases":[)");
  for (const auto& alias : aliases)
    body.append(&alias == aliases.data() ? "\"" : ",\"").append(alias).append("\"");
  return body.append("]}");
}

}  // namespace signet::oauth::test
