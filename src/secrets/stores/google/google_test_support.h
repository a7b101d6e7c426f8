#pragma once
// A Google of one's own, for tests: tokens, Secret Manager and Cloud KMS behind a FakeHttpClient.

#include <functional>
#include <map>
#include <mutex>
#include <set>

#include "net/fake_http_client.h"
#include "secrets/stores/store_contract.h"

namespace signet::secrets::google {

using net::OutboundRequest;
using net::OutboundResponse;

struct FakeSecretVersion {
  std::string data;
  std::string state = "ENABLED";
};

struct FakeKeyVersion {
  std::string algorithm;
  std::optional<crypto::PrivateKey> key = std::nullopt;  ///< none: a MAC key
  Bytes mac_key = {};
  std::string state = "ENABLED";
};

class FakeGoogle {
 public:
  static constexpr std::string_view kToken = "canary-token";

  // What there is. Tests change it between calls.
  std::map<std::string, std::vector<FakeSecretVersion>> secrets;
  std::map<std::string, std::vector<FakeKeyVersion>> keys;
  std::map<std::string, std::string> templates;  ///< algorithms of new versions, if not the last's
  std::string made_state = "ENABLED";            ///< of new versions of keys
  std::string message;           ///< what is signed: a fake cannot sign a digest alone
  std::set<std::string> denied;  ///< "list", "get", "access", "create", "add", "destroy"
  std::string valid_token{kToken};
  std::int64_t token_seconds = 3600;
  /// Takes the place of an answer where it gives one.
  std::function<std::optional<Result<OutboundResponse>>(const OutboundRequest&)> instead;
  /// Changes the answers of 200.
  std::function<void(const OutboundRequest&, json::Object&)> tamper;

  std::shared_ptr<net::FakeHttpClient> http = std::make_shared<net::FakeHttpClient>(
      [this](const OutboundRequest& request) { return answer(request); });

  FakeGoogle();
  ~FakeGoogle();

  StoreContext context(std::shared_ptr<ManualClock> clock = std::make_shared<ManualClock>());

  std::size_t count(std::string_view part) const;

  Result<OutboundResponse> answer(const OutboundRequest& request);

  static OutboundResponse failure(int status, const std::string& name,
                                  const std::string& message = "no");

 private:
  static std::string header(const OutboundRequest& request, std::string_view name);
  static OutboundResponse ok(const json::Object& object);
  static std::string crc(ByteView bytes);
  static std::string between(const std::string& text, std::string_view from, char to);
  static Bytes bytes_of(const json::Object& object, std::string_view name);

  /// {"`member`": [{"name": "`prefix`" + name of each}]}
  template <class Map>
  static json::Object list_of_names(const Map& named, const char* member,
                                    const std::string& prefix) {
    json::Array array;
    for (const auto& one : named) {
      json::Object entry;
      entry.set("name", prefix + one.first);
      array.emplace_back(std::move(entry));
    }
    json::Object object;
    object.set(member, std::move(array));
    return object;
  }

  OutboundResponse token(const OutboundRequest& request);

  OutboundResponse secret_manager(const OutboundRequest& request, const json::Object& body);

  OutboundResponse list_secrets() const;

  OutboundResponse list_versions(const std::string& name);

  OutboundResponse create_secret(const OutboundRequest& request);

  OutboundResponse add_version(const std::string& name, const json::Object& body);

  OutboundResponse destroy(const std::string& name, const std::string& version);

  // kms_test_support.cc: Cloud KMS.
  OutboundResponse kms(const OutboundRequest& request, const json::Object& body);

  static bool check(const json::Object& body, std::string_view name, std::string_view crc_name);

  static Bytes mac_of(const FakeKeyVersion& version, const Bytes& data);

  OutboundResponse list_keys() const;

  std::string template_of(const std::string& key) const;
  OutboundResponse crypto_key(const std::string& resource, const std::string& key) const;
  OutboundResponse create_key_version(const std::string& resource, const std::string& key,
                                      const json::Object& body);

  static OutboundResponse list_key_versions(const std::string& resource,
                                            const std::vector<FakeKeyVersion>& versions);

  static OutboundResponse public_key(const FakeKeyVersion& version, json::Object object);

  OutboundResponse sign(const FakeKeyVersion& version, const json::Object& body,
                        json::Object object) const;

  static OutboundResponse decrypt(const FakeKeyVersion& version, const json::Object& body);

  std::mutex mutex_;
};

}  // namespace signet::secrets::google
