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

  explicit FakeHttpClient(Answer answer = {}) : answer_(std::move(answer)) {}

  void answer_with(Answer answer) {
    std::lock_guard hold(mutex_);
    answer_ = std::move(answer);
  }
  /// Every request so far.
  std::vector<OutboundRequest> sent() const {
    std::lock_guard hold(mutex_);
    return sent_;
  }
  static OutboundResponse response(int status, std::string body = {}, HeaderList headers = {}) {
    OutboundResponse out;
    out.status = status;
    out.body = std::move(body);
    out.headers = std::move(headers);
    return out;
  }

  Task<OutboundResponse> send(OutboundRequest request) override {
    Answer answer;
    {
      std::lock_guard hold(mutex_);
      sent_.push_back(request);
      answer = answer_;
    }
    CO_TRY(check_request(request));
    if (!answer) co_return Error{Code::kUnavailable, "outbound_unreachable", "nobody answers"};
    co_return answer(request);
  }

 private:
  mutable std::mutex mutex_;
  Answer answer_;
  std::vector<OutboundRequest> sent_;
};

}  // namespace signet::net
