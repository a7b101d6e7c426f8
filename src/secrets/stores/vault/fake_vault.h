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

  FakeVault();
  ~FakeVault();

  Result<net::OutboundResponse> operator()(const net::OutboundRequest& request);

  static std::string header(const net::OutboundRequest& request, std::string_view wanted);
  static net::OutboundResponse refused(int status, const std::string& why);

  bool login_refused = false;
  std::string last_body, last_namespace;

 private:
  net::OutboundResponse auth(const std::string& token, int lasts) const;
  std::mutex mutex_;
};

struct VaultSetting {
  std::shared_ptr<FakeVault> vault = std::make_shared<FakeVault>();
  std::shared_ptr<net::FakeHttpClient> http = std::make_shared<net::FakeHttpClient>(
      [vault = vault](const net::OutboundRequest& request) { return (*vault)(request); });
  std::shared_ptr<ManualClock> clock = std::make_shared<ManualClock>();
  StoreContext context = test_context();

  VaultSetting();
  ~VaultSetting();
};

}  // namespace signet::secrets::vault
