#pragma once
// For tests: a Vault behind a FakeHttpClient. Answers are set by path; logins and look-ups are its
// own.

#include <mutex>
#include <set>

#include "base/text.h"
#include "net/fake_http_client.h"
#include "secrets/stores/store_test_support.h"

namespace signet::secrets::vault {

class FakeVault {
 public:
  static constexpr std::string_view kAddress = "https://vault.example:8200";

  struct Answer {
    int status = 200;
    std::string body;
  };
  /// By "METHOD path", without "/v1/".
  std::map<std::string, Answer> answers;
  std::set<std::string> tokens = {"token-0"};  ///< those that are good
  std::string next_token = "token-1";          ///< what a login gives
  std::string login_body;                      ///< of the last login
  int lease = 3600;
  int renewed_lease = 3600;
  bool is_renewable = true;
  std::optional<Answer> instead;  ///< for everything
  int logins = 0, renewals = 0, lookups = 0;

  Result<net::OutboundResponse> operator()(const net::OutboundRequest& request) {
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

  static std::string header(const net::OutboundRequest& request, std::string_view wanted) {
    for (const auto& [name, value] : request.headers)
      if (name == wanted) return value;
    return {};
  }
  static net::OutboundResponse refused(int status, const std::string& why) {
    return net::FakeHttpClient::response(status, R"({"errors":[")" + why + "\"]}");
  }

  bool login_refused = false;
  std::string last_body, last_namespace;

 private:
  net::OutboundResponse auth(const std::string& token, int lasts) const {
    return net::FakeHttpClient::response(200, R"({"auth":{"client_token":")" + token +
                                                  R"(","lease_duration":)" + std::to_string(lasts) +
                                                  R"(,"renewable":)" +
                                                  (is_renewable ? "true" : "false") + "}}");
  }
  std::mutex mutex_;
};

struct VaultSetting {
  std::shared_ptr<FakeVault> vault = std::make_shared<FakeVault>();
  std::shared_ptr<net::FakeHttpClient> http = std::make_shared<net::FakeHttpClient>(
      [vault = vault](const net::OutboundRequest& request) { return (*vault)(request); });
  std::shared_ptr<ManualClock> clock = std::make_shared<ManualClock>();
  StoreContext context = test_context();

  VaultSetting() {
    context.http = http;
    context.clock = clock;
    context.environment = {{"VAULT_ADDR", std::string(FakeVault::kAddress)},
                           {"VAULT_TOKEN", "token-0"}};
  }
};

}  // namespace signet::secrets::vault
