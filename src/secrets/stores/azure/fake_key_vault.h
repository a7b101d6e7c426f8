#pragma once
// For tests: a Key Vault with its identity service behind a FakeHttpClient, and its keys' work done
// with real keys.

#include <mutex>

#include "net/fake_http_client.h"
#include "secrets/stores/store_test_support.h"

namespace signet::secrets::azure {

struct FakeVersion {
  std::string id;
  std::string value;
  std::string content_type;
  std::int64_t created = 1'600'000'000;
  bool is_enabled = true;
  std::int64_t not_before = 0, not_after = 0;  ///< zero: none
};

class FakeKeyVault {
 public:
  static constexpr std::string_view kOrigin = "https://v.vault.azure.net";

  std::map<std::string, std::vector<FakeVersion>> secrets;
  std::map<std::string, std::vector<std::pair<std::string, crypto::PrivateKey>>> keys;
  std::string key_operations = R"(["sign","verify","unwrapKey","wrapKey"])";
  std::string challenge =
      R"(Bearer authorization="https://login.microsoftonline.com/tenant-1", resource="https://vault.azure.net")";
  std::string token = "access-token-1";       ///< what a login gives
  std::string good_token = "access-token-1";  ///< what the vault takes
  std::function<std::optional<net::OutboundResponse>(const net::OutboundRequest&)> instead;
  bool may_list = true;
  bool may_rotate = true;
  std::size_t page_size = 2;
  std::string date;  ///< of the vault's clock; empty: not told

  FakeKeyVault();
  ~FakeKeyVault();

  Result<net::OutboundResponse> operator()(const net::OutboundRequest& request);

  static std::string authorization(const net::OutboundRequest& request);
  static net::OutboundResponse refused(int status, const std::string& code,
                                       const std::string& inner = {});

 private:
  net::OutboundResponse json_answer(int status, std::string body) const;

  Result<net::OutboundResponse> route(const net::OutboundRequest& request,
                                      const std::vector<std::string_view>& path,
                                      const std::string& query);

  static void append_item(std::string& items, const char* id, const std::string& path,
                          const FakeVersion& version);
  static std::string attributes(const FakeVersion& version);

  net::OutboundResponse versions(const std::string& name, bool of_secrets,
                                 const std::string& query);

  net::OutboundResponse secret(const std::vector<std::string_view>& path);

  net::OutboundResponse import(const std::string& name, const std::string& text);

  net::OutboundResponse rotate(const std::string& name, const std::string& body);

  net::OutboundResponse key(const std::vector<std::string_view>& path,
                            const net::OutboundRequest& request);

  // What a test set, or garbage: Key Vault takes digests, and our crypto signs messages only, so
  // the tests say beforehand what is to be signed.
  std::string work(const crypto::PrivateKey&, std::string_view operation, const std::string& body);

 public:
  std::string next_result = "AAAA";
  std::string last_operation, last_operation_body;
  std::int64_t imported_at = 1'700'000'000;

 private:
  std::mutex mutex_;
};

}  // namespace signet::secrets::azure
