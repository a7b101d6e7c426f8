#include "oauth/endpoints/test_injection.h"

namespace signet::oauth::test {

Injection::Injection() {
  world.realm("root");
  world.client("gateway", R"(,"may_introspect":"realm")");
  world.client("other");
  policy("orders", R"(,"scopes":["write"],"renew_before":60)");
}
Injection::~Injection() = default;

void Injection::policy(const std::string& name, const std::string& more, const std::string& client,
                       const std::string& realm) {
  world.put("inject_policy", realm, name,
            R"({"name":")" + name + R"(","client_id":")" + client + "\"" + more + "}");
}

FakeExchange Injection::ask(const std::string& path, const std::string& user, http::Method method,
                            const std::string& body) {
  std::map<std::string, std::string> headers;
  if (!user.empty()) headers["Authorization"] = basic(user, World::kSecret);
  return send(path, headers, method, body);
}

FakeExchange Injection::send(const std::string& path, std::map<std::string, std::string> headers,
                             http::Method method, const std::string& body) {
  FakeExchange exchange(method, path, std::move(headers), body);
  world.router->handle(exchange);
  return exchange;
}

std::string Injection::basic(const std::string& user, const std::string& password) {
  return "Basic " + base64::encode(as_bytes(user + ":" + password));
}

std::string Injection::header(FakeExchange& answer) {
  return std::string(answer.response().header("Authorization"));
}

std::string Injection::token(const std::string& path) {
  auto answer = ask(path);
  const std::string value = header(answer);
  EXPECT_EQ(answer.status() == 200, value.starts_with("Bearer ")) << answer.status();
  return value.empty() ? value : value.substr(7);
}

FakeExchange Injection::revoke(const std::string& token) {
  return world.post("/oauth2/token/revoke", "token=" + token, "gateway");
}

}  // namespace signet::oauth::test
