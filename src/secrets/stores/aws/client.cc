#include "secrets/stores/aws/client.h"

#include "base/backoff.h"
#include "base/log.h"
#include "base/text.h"
#include "http/freshness.h"
#include "secrets/stores/aws/sigv4.h"
#include "secrets/stores/aws/wire.h"

namespace signet::secrets::aws {
namespace {

constexpr int kTries = 3;
constexpr Milliseconds kFirstWait{100};
constexpr Milliseconds kLongestWait{2'000};
constexpr Milliseconds kTimeout{4'000};
// AWS takes signatures of five minutes; clocks that differ less are not worth a word.
constexpr auto kTolerated = std::chrono::minutes(1);

bool is_refused(const Error& error) {
  return error.is("aws_credentials_refused");
}

std::shared_ptr<const SecretBytes> json_body_of(json::Object arguments) {
  const std::string text = json::dump(json::Value(std::move(arguments)));
  return std::make_shared<const SecretBytes>(SecretBytes::from_text(text));
}

}  // namespace

Task<json::Object> Client::call(std::string operation, json::Object arguments) {
  auto body = json_body_of(std::move(arguments));
  co_return co_await tried(std::move(operation), std::move(body), true);
}

Task<json::Object> Client::call_once(std::string operation, json::Object arguments) {
  auto body = json_body_of(std::move(arguments));
  co_return co_await tried(std::move(operation), std::move(body), false);
}

Task<json::Object> Client::call_with(std::string operation,
                                     std::shared_ptr<const SecretBytes> body) {
  co_return co_await tried(std::move(operation), std::move(body), true);
}

Task<json::Object> Client::tried(std::string operation, std::shared_ptr<const SecretBytes> body,
                                 bool may_be_repeated) {
  std::uint32_t failures = 0;
  bool was_refused = false;
  for (int tries = 1;; ++tries) {
    CO_TRY(const CredentialsPtr credentials, co_await chain_->get());
    const std::int64_t offset = offset_;
    auto answer = co_await attempt(operation, body, credentials);
    if (answer) co_return answer;
    if (is_refused(answer.error()) && !was_refused) {
      // Either the clock was wrong, which is now known, or the credentials are no longer good.
      was_refused = true;
      if (offset_ == offset) chain_->forget(credentials);
      continue;
    }
    if (!is_transient(answer.error().code) || tries >= kTries) co_return answer;
    if (!may_be_repeated && !answer.error().is("aws_throttled")) co_return answer;
    const Milliseconds wait =
        backoff_delay(++failures, kFirstWait, kLongestWait, access_->context.random.get());
    CO_TRY(co_await access_->pause(wait));
  }
}

Result<std::string> Client::endpoint(const std::string& region) const {
  std::string url = access_->settings.endpoint_url;
  if (url.empty()) {
    TRY(url, endpoint_override(*access_, service_.variable));
  }
  if (url.empty()) url = aws_endpoint(service_.name, region);
  if (!url.ends_with('/')) url += '/';
  return url;
}

Task<json::Object> Client::attempt(std::string operation, std::shared_ptr<const SecretBytes> body,
                                   CredentialsPtr credentials) {
  CO_TRY(const std::string region, co_await chain_->region());
  net::OutboundRequest request;
  request.method = "POST";
  CO_TRY(request.url, endpoint(region));
  request.timeout = kTimeout;
  request.body = as_text(body->view());
  request.headers.emplace_back("Content-Type", "application/x-amz-json-1.1");
  request.headers.emplace_back("X-Amz-Target", std::string(service_.target) + "." + operation);
  CO_TRY(const http::HttpUri uri, http::parse_http_uri(request.url));

  SignableRequest what;
  what.method = request.method;
  what.path = uri.path;
  what.query = uri.query;
  what.headers = request.headers;
  what.headers.emplace_back("Host", host_header(uri));
  what.body = request.body;
  const SigningScope scope{region, std::string(service_.name)};
  const Instant at = access_->context.clock->now() + clock_offset();
  const Headers added = sign(what, *credentials, scope, at);
  request.headers.insert(request.headers.end(), added.begin(), added.end());

  CO_TRY(net::OutboundResponse response, co_await send(access_, std::move(request)));
  if (response.status == 200) {
    // An operation without an answer has an empty body; moto writes what JSON has for nothing.
    if (response.body.empty() || response.body == "null") co_return json::Object();
    auto object = json::parse_object(response.body);
    if (object) co_return object;
    co_return Error{Code::kUnavailable, "aws_answer_malformed",
                    operation + ": the answer is no JSON object"};
  }
  Error failure = failure_of(response.status, response.header("x-amzn-ErrorType"), response.body);
  if (is_refused(failure)) learn_time(response);
  failure.detail = operation + ": " + failure.detail;
  co_return failure;
}

void Client::learn_time(const net::OutboundResponse& response) {
  const auto theirs = http::parse_http_date(response.header("Date"));
  if (!theirs) return;
  const Milliseconds offset = *theirs - access_->context.clock->now();
  if (offset - clock_offset() < kTolerated && clock_offset() - offset < kTolerated) return;
  offset_ = offset.count();
  log::warn("aws_clock_differs",
            {{"seconds", std::chrono::duration_cast<Seconds>(offset).count()}});
}

}  // namespace signet::secrets::aws
