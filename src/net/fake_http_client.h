#pragma once
// For tests: an HttpClient that answers from a function, and remembers what it was sent. It refuses
// what the real one refuses.

#include <functional>
#include <mutex>
#include <vector>

#include "net/http_client.h"

namespace signet::net {

class FakeHttpClient : public HttpClient {
 public:
  using Answer = std::function<Result<OutboundResponse>(const OutboundRequest&)>;

  explicit FakeHttpClient(Answer answer = {});
  ~FakeHttpClient() override;

  void answer_with(Answer answer);
  /// Every request so far.
  std::vector<OutboundRequest> sent() const;
  static OutboundResponse response(int status, std::string body = {}, HeaderList headers = {});

  Task<OutboundResponse> send(OutboundRequest request) override;

 private:
  mutable std::mutex mutex_;
  Answer answer_;
  std::vector<OutboundRequest> sent_;
};

}  // namespace signet::net
