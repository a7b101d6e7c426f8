#include "net/fake_http_client.h"

namespace signet::net {

FakeHttpClient::FakeHttpClient(Answer answer) : answer_(std::move(answer)) {}
FakeHttpClient::~FakeHttpClient() = default;

void FakeHttpClient::answer_with(Answer answer) {
  std::lock_guard hold(mutex_);
  answer_ = std::move(answer);
}

std::vector<OutboundRequest> FakeHttpClient::sent() const {
  std::lock_guard hold(mutex_);
  return sent_;
}

OutboundResponse FakeHttpClient::response(int status, std::string body, HeaderList headers) {
  OutboundResponse out;
  out.status = status;
  out.body = std::move(body);
  out.headers = std::move(headers);
  return out;
}

Task<OutboundResponse> FakeHttpClient::send(OutboundRequest request) {
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

}  // namespace signet::net
