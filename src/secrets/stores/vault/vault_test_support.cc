#include "secrets/stores/vault/fake_vault.h"

namespace signet::secrets::vault {

FakeVault::FakeVault() = default;
FakeVault::~FakeVault() = default;

Result<net::OutboundResponse> FakeVault::operator()(const net::OutboundRequest& request) {
  const std::lock_guard lock(mutex_);
  const std::string prefix = std::string(kAddress) + "/v1/";
  if (!request.url.starts_with(prefix) || header(request, "X-Vault-Request") != "true") {
    return Error{Code::kUnavailable, "outbound_unreachable", "no such host"};
  }
  if (instead) return net::FakeHttpClient::response(instead->status, instead->body);
  const std::string path = request.url.substr(prefix.size());
  const std::string token = header(request, "X-Vault-Token");
  if (path.starts_with("auth/") && path.ends_with("/login")) {
    ++logins;
    login_body = request.body;
    if (login_refused) return refused(400, "invalid role or secret ID");
    tokens.insert(next_token);
    return auth(next_token, lease);
  }
  if (!tokens.contains(token)) return refused(403, "permission denied");
  if (path == "auth/token/lookup-self") {
    ++lookups;
    return net::FakeHttpClient::response(200, R"({"data":{"ttl":)" + std::to_string(lease) +
                                                  R"(,"renewable":)" +
                                                  (is_renewable ? "true" : "false") + "}}");
  }
  if (path == "auth/token/renew-self") {
    ++renewals;
    return auth(token, renewed_lease);
  }
  const auto found = answers.find(request.method + " " + path);
  last_body = request.body;
  last_namespace = header(request, "X-Vault-Namespace");
  if (found == answers.end()) return net::FakeHttpClient::response(404, R"({"errors":[]})");
  return net::FakeHttpClient::response(found->second.status, found->second.body);
}

std::string FakeVault::header(const net::OutboundRequest& request, std::string_view wanted) {
  for (const auto& [name, value] : request.headers)
    if (name == wanted) return value;
  return {};
}

net::OutboundResponse FakeVault::refused(int status, const std::string& why) {
  return net::FakeHttpClient::response(status, R"({"errors":[")" + why + "\"]}");
}

net::OutboundResponse FakeVault::auth(const std::string& token, int lasts) const {
  return net::FakeHttpClient::response(200, R"({"auth":{"client_token":")" + token +
                                                R"(","lease_duration":)" + std::to_string(lasts) +
                                                R"(,"renewable":)" +
                                                (is_renewable ? "true" : "false") + "}}");
}

VaultSetting::VaultSetting() {
  context.http = http;
  context.clock = clock;
  context.environment = {{"VAULT_ADDR", std::string(FakeVault::kAddress)},
                         {"VAULT_TOKEN", "token-0"}};
}

VaultSetting::~VaultSetting() = default;

}  // namespace signet::secrets::vault
