#pragma once
// For tests: an AWS that checks signatures, with a Secrets Manager, behind the fake HTTP client.

#include <map>
#include <set>

#include "base/base64.h"
#include "base/text.h"
#include "net/fake_http_client.h"
#include "secrets/stores/aws/client.h"
#include "secrets/stores/aws/sigv4.h"
#include "secrets/stores/aws/wire.h"
#include "secrets/stores/store_test_support.h"

namespace signet::secrets::aws {

using net::FakeHttpClient;
using net::OutboundRequest;
using net::OutboundResponse;

inline const std::string kKeyId = "AKIDEXAMPLE";
inline const std::string kSecretKey = "a-secret-access-key-of-the-tests";

std::string header_of(const OutboundRequest& request, std::string_view name);

/// What IAM or a service says no with.
OutboundResponse refusal(int status, const std::string& exception,
                         const std::string& message = "no");

class FakeAws {
 public:
  struct Value {
    std::string text, id;
    bool is_binary = false;
  };

  std::mutex mutex;
  std::shared_ptr<ManualClock> clock = std::make_shared<ManualClock>();
  std::map<std::string, std::map<std::string, Value>> secrets;  ///< by name, by stage
  std::map<std::string, std::string> created_with;              ///< name to request token
  std::set<std::string> denied;  ///< "GetSecretValue", "CreateSecret", "GetSecretValue:missing"
  std::vector<OutboundResponse> next;  ///< answers that come before any sense
  std::string access_key = kKeyId, secret_key = kSecretKey;
  std::string region;  ///< which signatures must be for; empty: any
  std::function<std::optional<OutboundResponse>(const OutboundRequest&,
                                                const std::string& operation,
                                                const json::Object& body)>
      more;  ///< other services

  FakeAws();
  ~FakeAws();

  /// Puts a value; what was current becomes previous.
  void put(const std::string& name, const std::string& text, bool is_binary = false);
  /// Puts a value that a rotation has only begun with.
  void put_pending(const std::string& name, const std::string& text);
  /// What was pending becomes current, and what was current previous: the end of a rotation.
  void finish_rotation(const std::string& name);

  Result<OutboundResponse> answer(const OutboundRequest& request);

  /// As AWS does it: from what came, with the key that it knows.
  std::optional<OutboundResponse> check_signature(const OutboundRequest& request);

  static std::string http_date(Instant at);

 private:
  static std::string between(const std::string& text, const std::string& from,
                             const std::string& to);
  static Instant parse_amz_date(const std::string& text);

  OutboundResponse get(const json::Object& body);

  OutboundResponse create(const json::Object& body);

  int versions_ = 0;
};

/// A fake AWS with a way to it, and waits that pass at once.
struct AwsWorld {
  FakeAws aws;
  std::shared_ptr<FakeHttpClient> http = std::make_shared<FakeHttpClient>(
      [this](const OutboundRequest& request) { return aws.answer(request); });
  StoreContext context = test_context();
  AccessSettings settings;
  std::atomic<int> waits{0};

  AwsWorld();
  ~AwsWorld();
  AccessPtr access();
  Task<Done> wait();
};

}  // namespace signet::secrets::aws
