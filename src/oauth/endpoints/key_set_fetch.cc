#include "oauth/endpoints/key_set_fetch.h"

#include <algorithm>

#include "base/text.h"
#include "http/cache.h"
#include "http/form.h"
#include "http/freshness.h"

namespace signet::oauth {
namespace {

std::string origin_of(std::string_view url) {
  const auto uri = http::parse_http_uri(url);
  if (!uri.ok()) return "the URL";
  return uri->scheme + "://" + uri->host + ":" + std::to_string(uri->port);
}

Error key_set_error(Code code, const char* reason, std::string_view url, const std::string& what) {
  return {code, reason, origin_of(url) + ": " + what};
}

/// An error of the way there, in the words of this room.
Error of_outbound(const Error& error) {
  const std::string_view reason = error.reason;
  const auto as = [&](Code code, const char* our_reason) {
    return Error{code, our_reason, std::string(reason) + ": " + error.detail};
  };
  if (reason == "outbound_timeout") return as(Code::kTimeout, "key_set_timeout");
  if (reason == "outbound_too_large") return as(Code::kConfig, "key_set_too_large");
  if (reason == "outbound_address_denied") return as(Code::kConfig, "key_set_address_denied");
  if (reason == "outbound_stopped" || reason == "key_set_stopped")
    return as(Code::kUnavailable, "key_set_stopped");
  if (reason == "outbound_url_invalid") return as(Code::kConfig, "key_set_url_invalid");
  return as(Code::kUnavailable, "key_set_unreachable");
}

bool is_redirect(int status) {
  return status == 301 || status == 302 || status == 303 || status == 307 || status == 308;
}

http::FreshnessHeaders freshness_headers(const net::OutboundResponse& answer) {
  http::FreshnessHeaders out;
  for (const auto& [name, value] : answer.headers) {
    if (!equal_ignoring_case(name, "Cache-Control")) continue;
    if (!out.cache_control.empty()) out.cache_control += ", ";
    out.cache_control += value;
  }
  out.age = answer.header("Age");
  out.date = answer.header("Date");
  out.expires = answer.header("Expires");
  return out;
}

KeySetValidators validators_of(const net::OutboundResponse& answer, const std::string& url) {
  KeySetValidators out;
  out.url = url;
  if (const auto etag = answer.header("ETag"); http::is_entity_tag(etag)) out.etag = etag;
  const auto modified = answer.header("Last-Modified");
  if (http::parse_http_date(modified)) out.last_modified = modified;
  return out;
}

/// One reading, hop by hop. Lives in the coroutine below.
class Reading {
 public:
  Reading(const KeySetSettings& settings, const Clock& clock, std::string url,
          KeySetValidators known)
      : settings_(settings),
        clock_(clock),
        started_(clock.monotone()),
        url_(std::move(url)),
        known_(std::move(known)) {}

  Result<net::OutboundRequest> next_request() const {
    TRY(check_key_set_url(url_, settings_.allow_http));
    const Milliseconds left = settings_.timeout - (clock_.monotone() - started_);
    if (left <= Milliseconds(0)) {
      return key_set_error(Code::kTimeout, "key_set_timeout", url_,
                           "redirects and all took longer than " +
                               std::to_string(settings_.timeout.count()) + " ms");
    }
    net::OutboundRequest request;
    request.url = url_;
    request.timeout = left;
    request.max_body = settings_.max_body;
    request.headers.emplace_back("Accept", "application/jwk-set+json, application/json;q=0.9");
    if (asks_for_changes() && !known_.etag.empty())
      request.headers.emplace_back("If-None-Match", known_.etag);
    if (asks_for_changes() && !known_.last_modified.empty())
      request.headers.emplace_back("If-Modified-Since", known_.last_modified);
    return request;
  }

  /// The outcome, or nothing where another request is to be sent.
  Result<std::optional<KeySetAnswer>> take(Result<net::OutboundResponse> got) {
    if (!got.ok()) return of_outbound(got.error());
    net::OutboundResponse answer = std::move(got).value();
    if (is_redirect(answer.status)) {
      TRY(follow(answer));
      return std::optional<KeySetAnswer>();
    }
    if (answer.status == 304 && asks_for_changes()) return unchanged(std::move(answer));
    if (answer.status != 200)
      return fault(Code::kUnavailable, "key_set_status",
                   "the answer is " + std::to_string(answer.status));
    const std::string_view coding = trim(answer.header("Content-Encoding"));
    if (!coding.empty() && !equal_ignoring_case(coding, "identity"))
      return fault(Code::kConfig, "key_set_malformed",
                   "the answer is packed as " + quoted(coding) + ", which was not asked for");
    return finish(std::move(answer), false);
  }

 private:
  bool asks_for_changes() const {
    return known_.url == url_ && !(known_.etag.empty() && known_.last_modified.empty());
  }

  Error fault(Code code, const char* reason, const std::string& what) const {
    return key_set_error(code, reason, url_, what);
  }

  Status follow(const net::OutboundResponse& answer) {
    if (++redirects_ > settings_.max_redirects)
      return fault(Code::kConfig, "key_set_redirect",
                   "more than " + std::to_string(settings_.max_redirects) + " redirects");
    auto target = http::resolve_http_uri(url_, answer.header("Location"));
    if (!target.ok())
      return fault(Code::kConfig, "key_set_redirect", "a redirect to what is no http(s) URI");
    if (target->starts_with("http://") && (url_.starts_with("https://") || !settings_.allow_http))
      return fault(Code::kConfig, "key_set_redirect", "a redirect to plain http");
    url_ = std::move(target).value();
    return Done{};
  }

  Result<std::optional<KeySetAnswer>> unchanged(net::OutboundResponse answer) {
    const std::string_view etag = answer.header("ETag");
    const bool is_ours =
        etag.empty() || known_.etag.empty() || http::etag_matches(etag, known_.etag);
    if (is_ours) return finish(std::move(answer), true);
    // It says of another set than ours that it is the same (RFC 9111 §4.3.4).
    known_ = {};
    return std::optional<KeySetAnswer>();
  }

  std::optional<KeySetAnswer> finish(net::OutboundResponse answer, bool is_unchanged) {
    KeySetAnswer out;
    out.is_unchanged = is_unchanged;
    out.freshness = http::freshness_lifetime(freshness_headers(answer), clock_.now());
    out.validators = is_unchanged ? known_ : validators_of(answer, url_);
    out.answer = std::move(answer);
    return out;
  }

  const KeySetSettings& settings_;
  const Clock& clock_;
  const Milliseconds started_;
  std::string url_;
  KeySetValidators known_;
  unsigned redirects_ = 0;
};

}  // namespace

Status check_key_set_url(std::string_view url, bool allow_http) {
  const auto uri = http::parse_http_uri(url);
  if (!uri.ok())  // what it holds may be a password
    return Error{
        Code::kConfig, "key_set_url_invalid",
        "a key set's URL is https://host[:port]/..., without user, without fragment, of at "
        "most 2048 bytes"};
  if (uri->scheme == "https" || allow_http) return Done{};
  return Error{Code::kConfig, "key_set_url_invalid",
               "http://" + uri->host + ": key sets are fetched by https only"};
}

Task<KeySetAnswer> fetch_key_set(SendRequest send, std::shared_ptr<const Clock> clock,
                                 KeySetSettings settings, std::string url, KeySetValidators known) {
  Reading reading(settings, *clock, std::move(url), std::move(known));
  for (;;) {
    CO_TRY(net::OutboundRequest request, reading.next_request());
    Task<net::OutboundResponse> sending = send(std::move(request));
    auto got = co_await std::move(sending);
    CO_TRY(std::optional<KeySetAnswer> outcome, reading.take(std::move(got)));
    if (outcome) co_return std::move(*outcome);
  }
}

Seconds key_set_age(const KeySetSettings& settings, std::optional<Seconds> freshness) {
  const Seconds age = freshness.value_or(settings.default_age);
  return std::max(settings.min_age, std::min(age, settings.max_age));
}

}  // namespace signet::oauth
